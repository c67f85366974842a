import { createCapabilityCard } from './capability-card.js'
import { h, replaceContent, setText } from './element.js'
import { ago, counted } from './format.js'
import { badge } from './parts.js'
import { createPlot } from './plot.js'
import { routeTo } from './router.js'
import { requestSeries } from './traffic-series.js'
import { outcome, stages, verbTitle } from './words.js'

/** The capabilities by stage; what goes through all of them; what was done lately. */
export function boardView({ live }) {
  const cards = new Map()
  const columns = new Map(
    stages.map(({ name, meaning }) => {
      const list = h('ul', { class: 'cards' })
      const total = h('span', { class: 'total' })
      const section = h(
        'section',
        { class: 'column', 'aria-labelledby': `stage-${name}` },
        h('h2', { id: `stage-${name}` }, name, ' ', total),
        h('p', { class: 'quiet' }, meaning),
        list,
      )
      return [name, { section, list, total }]
    }),
  )
  const summary = h('p', { class: 'summary' })
  const plot = createPlot({
    title: 'Requests per second, all capabilities',
    unit: '/s',
    series: requestSeries,
  })
  const lately = h('ul', { class: 'lately' })
  const root = h(
    'div',
    {},
    h('h1', { tabindex: '-1' }, 'Capabilities'),
    summary,
    h(
      'div',
      { class: 'board' },
      [...columns.values()].map(({ section }) => section),
    ),
    h(
      'div',
      { class: 'below' },
      h('section', { 'aria-labelledby': 'live' }, h('h2', { id: 'live' }, 'Live traffic'), plot.root),
      h('section', { 'aria-labelledby': 'lately' }, h('h2', { id: 'lately' }, 'Lately from here'), lately),
    ),
  )
  let history = []
  live.history('').then(points => {
    history = points
    plot.draw(history)
  })

  function place(card, stage) {
    const { list } = columns.get(stage) ?? columns.get('legacy')
    if (card.root.parentElement === list) return
    const focused = card.root.contains(document.activeElement) ? document.activeElement : undefined
    const next = [...list.children].find(other => other.dataset.name > card.root.dataset.name)
    list.insertBefore(card.root, next ?? null)
    focused?.focus({ preventScroll: true })
  }

  function update() {
    const { snapshot } = live
    if (snapshot === undefined) return
    const names = new Set(snapshot.capabilities.map(({ name }) => name))
    for (const capability of snapshot.capabilities) {
      const card = cards.get(capability.name) ?? createCapabilityCard(capability.name)
      cards.set(capability.name, card)
      card.update(capability, snapshot.at)
      place(card, capability.stage)
    }
    for (const [name, card] of cards) {
      if (names.has(name)) continue
      card.root.remove()
      cards.delete(name)
    }
    for (const { section, list, total } of columns.values()) {
      setText(total, String(list.children.length))
      section.classList.toggle('empty', list.children.length === 0)
    }
    const extracted = snapshot.capabilities.filter(({ writes }) => writes === 'extracted').length
    setText(
      summary,
      `${counted(snapshot.capabilities.length, 'capability', 'capabilities')}, ${extracted} of them written on the extracted side. Every card says how to go back.`,
    )
    plot.draw(history)
  }

  let shownRuns
  function updateRuns() {
    const latest = live.runs().slice(0, 6)
    const now = live.snapshot?.at ?? Date.now()
    const key = JSON.stringify(
      latest.map(({ id, ended, startedAt }) => [id, ended?.exit, ago(startedAt, now)]),
    )
    if (key === shownRuns) return
    shownRuns = key
    replaceContent(
      lately,
      latest.length === 0
        ? h(
            'li',
            { class: 'quiet' },
            'Nothing yet. ',
            h('a', { href: routeTo(['audit']) }, 'The audit log'),
            ' has everything, whoever did it.',
          )
        : latest.map(({ id, verb, capability, by, startedAt, ended }) => {
            const state = ended === null ? { word: 'under way', tone: 'warn' } : outcome(ended)
            return h(
              'li',
              {},
              badge(state.word, state.tone),
              ' ',
              h('a', { href: routeTo(['runs', id]) }, verbTitle(verb, capability)),
              h('span', { class: 'quiet' }, ` ${by}, ${ago(startedAt, now)}`),
            )
          }),
    )
  }

  return {
    title: 'Capabilities',
    name: 'board',
    root,
    update() {
      update()
      updateRuns()
    },
  }
}
