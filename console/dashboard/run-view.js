import { h, replaceContent, setText } from './element.js'
import { count, duration, moment, text } from './format.js'
import { badge, facts, refusalList } from './parts.js'
import { routeTo } from './router.js'
import { outcome, verbTitle, wayBack } from './words.js'

/** `#/runs/ID`: a verb as it goes, and what it ended with. */
export function runView({ live, route }) {
  const id = route.parts[1]
  const title = h('h1', { tabindex: '-1' }, 'A verb')
  const about = h('p', { class: 'quiet' })
  const state = h('p', { role: 'status' })
  const bar = h('progress', { 'aria-label': 'Progress of the step' })
  const steps = h('ol', { class: 'progress' })
  const result = h('div', {})
  const links = h('p', { class: 'actions' })
  let shown = 0
  let ended = false

  function update() {
    const run = live.runs().find(each => each.id === id)
    if (run === undefined) {
      setText(about, live.connected ? 'It is no longer kept here; the audit log has it.' : '')
      bar.hidden = true
      return
    }
    setText(title, verbTitle(run.verb, run.capability))
    setText(about, `${run.by}, ${moment(run.startedAt)}: ${run.reason}`)
    showProgress(run)
    if (run.ended !== null && !ended) showEnd(run)
    if (run.ended !== null) showLinks(run)
  }

  function showProgress({ progress, ended: end }) {
    if (progress.length < shown) {
      steps.replaceChildren()
      shown = 0
    }
    for (const { step, message } of mergeSteps(progress.slice(shown))) {
      const last = steps.lastElementChild
      if (last?.dataset.step === step) setText(last.lastElementChild, text(message))
      else
        steps.append(h('li', { 'data-step': step }, h('strong', {}, step), ' ', h('span', {}, text(message))))
    }
    shown = progress.length
    bar.hidden = end !== null
    const { done, total } = progress.at(-1) ?? {}
    if (total > 0) {
      bar.max = total
      bar.value = Math.min(done ?? 0, total)
    } else bar.removeAttribute('value')
    if (end === null) setText(state, 'Under way. It goes on if you leave this page.')
  }

  function showEnd({ verb, ended: end }) {
    ended = true
    const { word, tone } = outcome(end)
    replaceContent(state, badge(word, tone), ` after ${duration(end.ms)}`)
    replaceContent(result, resultOf(verb, end))
  }

  /** The snapshot that shows what the verb has changed may come after its end. */
  let shownLinks
  function showLinks({ capability }) {
    const back = wayBack(live.capability(capability) ?? {})
    const key = JSON.stringify(back ?? null)
    if (key === shownLinks) return
    shownLinks = key
    replaceContent(
      links,
      h('a', { class: 'button', href: routeTo(['capability', capability]) }, capability),
      h('a', { class: 'button', href: '#/' }, 'Board'),
      back === undefined
        ? null
        : h(
            'a',
            { class: 'button back', href: routeTo(['capability', capability, back.verb], back.query) },
            back.label,
          ),
    )
  }

  return {
    title: 'Run',
    name: 'board',
    root: h('div', {}, title, about, state, bar, steps, result, links),
    update,
  }
}

/** Of many lines of one step the last says enough. */
function mergeSteps(progress) {
  return progress.filter(({ step }, at) => progress[at + 1]?.step !== step)
}

function resultOf(verb, { result, exit }) {
  if (exit === 3)
    return h(
      'div',
      { class: 'note warn' },
      h('h2', {}, 'Refused: nothing was changed'),
      refusalList(result.refusals ?? []),
    )
  if (result.code !== undefined)
    return h(
      'div',
      { class: 'note bad' },
      h('p', {}, h('strong', {}, text(result.code)), ' ', text(result.message)),
      result.hint ? h('p', { class: 'hint' }, text(result.hint)) : null,
    )
  const figures = (writers[verb] ?? (() => []))(result).filter(
    ([, value]) => value !== undefined && value !== '–',
  )
  return facts(figures)
}

const held = ({ p50Ms, p99Ms, maxMs } = {}) =>
  p99Ms === undefined
    ? '–'
    : `half ${duration(p50Ms)}, 99 of 100 ${duration(p99Ms)}, longest ${duration(maxMs)}`
const mustBeZero = number => badge(count(number), number === 0 ? 'good' : 'bad')

const move = ({ owner, stage, epoch, hold, totalMs, ms, reversible, message }) => [
  ...(message === undefined ? [] : [['Note', text(message)]]),
  ['Write owner', badge(text(owner), text(owner))],
  ['Stage', text(stage)],
  ['Epoch', text(epoch)],
  ['Writes were held', held(hold)],
  ['Took', duration(ms ?? totalMs)],
  ['Way back', reversible === false ? badge('switched, NOT reversible', 'bad') : badge('open', 'good')],
]

const writers = {
  stage: ({ stage, percent, writes, generation }) => [
    ['Stage', stage === 'canary' ? `${text(stage)} ${text(percent)} %` : text(stage)],
    ['Writes', text(writes)],
    ['Generation', `${text(generation)}, served by every proxy`],
  ],
  run: ({ stage, writes, recovered, steps = [] }) => [
    ...(recovered === null || recovered === undefined ? [] : [['Recovered first', text(recovered)]]),
    ['Stage', text(stage)],
    ['Writes', text(writes)],
    ...steps.map(({ name, state, ms }) => [
      name,
      state === 'done' ? `${state}, ${duration(ms)}` : text(state),
    ]),
  ],
  verify: ({ tables = [], ms }) => [
    ...tables.map(({ table, rows, missing, extra, different }) => [
      text(table),
      `${count(rows)} rows: ${count(missing)} missing, ${count(extra)} extra, ${count(different)} different`,
    ]),
    ['Took', duration(ms)],
  ],
  cutover: move,
  rollback: move,
  drill: ({ writes = {}, requests = {}, hold, cutoverMs, rollbackMs, seed }) => [
    ['Writes acknowledged', count(writes.acknowledged)],
    ['Writes lost', mustBeZero(writes.lost)],
    ['Writes duplicated', mustBeZero(writes.duplicated)],
    ['Writes without an answer', count(writes.unknown)],
    ['Requests', count(requests.total)],
    ['Requests failed', mustBeZero(requests.failed)],
    ['Writes were held', held(hold)],
    ['Cutover', duration(cutoverMs)],
    ['Rollback', duration(rollbackMs)],
    ['Seed', text(seed)],
  ],
}
