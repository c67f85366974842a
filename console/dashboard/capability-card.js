import { h, setText } from './element.js'
import { ago, count, duration } from './format.js'
import { routeTo } from './router.js'
import { servedBy, wayBack } from './words.js'

/** A capability on the board; made once, then its texts change. */
export function createCapabilityCard(name) {
  const owner = h('span', { class: 'badge' })
  const served = h('p', { class: 'served' })
  const meter = h('div', { class: 'meter', role: 'img' }, h('span', {}))
  const fields = {
    traffic: field('Traffic'),
    lag: field('Lag'),
    divergence: field('Diverged'),
    breaker: field('Breakers'),
    hold: field('Hold'),
    drill: field('Last drill'),
  }
  const back = h('a', { class: 'button back' })
  const root = h(
    'li',
    { class: 'card', 'data-name': name },
    h('h3', {}, h('a', { href: routeTo(['capability', name]) }, name), owner),
    served,
    meter,
    h(
      'dl',
      { class: 'fields' },
      Object.values(fields).map(({ row }) => row),
    ),
    h(
      'p',
      { class: 'actions' },
      back,
      h(
        'a',
        { class: 'button', href: routeTo(['capability', name]) },
        'Open',
        h('span', { class: 'unseen' }, ` ${name}`),
      ),
    ),
  )
  return {
    root,
    update(capability, now) {
      const { writes, stage, percent, lagMs, comparison, breaker, hold, lastDrill, point, phase } = capability
      setText(owner, `writes ${writes ?? 'nowhere'}`)
      owner.className = `badge ${writes ?? ''}`
      setText(served, servedBy(capability))
      const share = stage === 'canary' ? percent : stage === 'extracted' || stage === 'retired' ? 100 : 0
      meter.firstChild.style.width = `${share}%`
      meter.setAttribute('aria-label', `${share} % of callers read from the extracted side`)
      fields.traffic.set(trafficWords(point))
      fields.lag.set(lagMs === null ? lagWords(phase) : duration(lagMs))
      fields.divergence.set(...divergenceWords(comparison))
      fields.breaker.set(...breakerWords(breaker))
      fields.hold.set(
        hold === null ? 'none' : `${count(hold.parked)} parked, ${duration(hold.sinceMs)}`,
        hold === null ? '' : 'warn',
      )
      fields.drill.set(...drillWords(lastDrill, now))
      showWayBack(back, name, capability)
    },
  }
}

function field(label) {
  const value = h('dd', {})
  return {
    row: h('div', {}, h('dt', {}, label), value),
    set(words, tone = '') {
      setText(value, words)
      if (value.className !== tone) value.className = tone
    },
  }
}

function showWayBack(link, name, capability) {
  const back = wayBack(capability)
  link.hidden = back === undefined
  if (back === undefined) return
  const href = routeTo(['capability', name, back.verb], back.query)
  if (link.getAttribute('href') !== href) link.setAttribute('href', href)
  setText(link, back.label)
}

function trafficWords(point) {
  if (point === null) return '–'
  const rate = ({ read, write }) => count(Math.round(read + write))
  return `${rate(point.legacy)} legacy, ${rate(point.extracted)} extracted /s`
}

function lagWords(phase) {
  if (phase === undefined) return 'no plan'
  return phase === 'planned' ? 'not copied yet' : phase === 'copying' ? 'copying' : 'unknown'
}

export function divergenceWords({ samples, diverged, verdict }) {
  const tone = verdict === 'pass' ? 'good' : verdict === 'fail' ? 'bad' : ''
  return [`${count(diverged)} of ${count(samples)}: ${verdict}`, tone]
}

export function breakerWords(breaker) {
  const open = Object.entries(breaker)
  return open.length === 0
    ? ['all closed', '']
    : [open.map(([upstream, state]) => `${upstream} ${state}`).join(', '), 'bad']
}

export function drillWords(drill, now) {
  if (drill === null) return ['never', '']
  return drill.ok ? [`passed ${ago(drill.at, now)}`, 'good'] : [`failed ${ago(drill.at, now)}`, 'bad']
}
