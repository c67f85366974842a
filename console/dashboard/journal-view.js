import { get, ofCapability } from './api.js'
import { h, replaceContent, table } from './element.js'
import { counted, moment, text } from './format.js'
import { badge, failureNote } from './parts.js'
import { routeTo } from './router.js'

const tones = { failed: 'bad' }

/** `#/journal/customers?run=…`: what ran, verb by verb, before and after it took effect. */
export function journalView({ live, route }) {
  const name = route.parts[1] ?? ''
  const chosen = route.query.get('run') ?? ''
  const list = h('div', { 'aria-busy': 'true' })

  async function load() {
    try {
      const { entries } = await get(ofCapability(name, 'journal'))
      replaceContent(
        list,
        runsOf(entries)
          .filter(({ run }) => chosen === '' || run === chosen)
          .map(section),
      )
      if (list.childElementCount === 0)
        replaceContent(list, h('p', { class: 'quiet' }, 'Nothing has been journaled yet.'))
    } catch (error) {
      replaceContent(list, failureNote(error))
    }
    list.removeAttribute('aria-busy')
  }
  load()

  function section({ run, action, operator, entries }) {
    const [last] = entries
    const first = entries.at(-1)
    const failed = entries.some(each => each.moment === 'failed')
    return h(
      'section',
      {},
      h(
        'h2',
        {},
        h('a', { href: routeTo(['journal', name], { run }) }, `${text(action)} by ${text(operator)}`),
        ' ',
        failed ? badge('failed', 'bad') : null,
      ),
      h(
        'p',
        { class: 'quiet' },
        `${moment(first.at)} to ${moment(last.at)}, ${counted(entries.length, 'entry', 'entries')}, epoch ${text(last.epoch)}`,
      ),
      table(
        `Entries of ${text(action)}, oldest first`,
        [
          { title: 'When' },
          { title: 'Verb' },
          { title: 'Moment' },
          { title: 'Phase' },
          { title: 'Details', wide: true },
        ],
        [...entries]
          .reverse()
          .map(entry => [
            h('time', { datetime: text(entry.at) }, moment(entry.at)),
            text(entry.verb),
            tones[entry.moment] === undefined ? text(entry.moment) : badge(entry.moment, tones[entry.moment]),
            phases(entry),
            h('code', {}, shortened(entry.details)),
          ]),
      ),
    )
  }

  let ended
  return {
    title: `Journal of ${name}`,
    name: 'board',
    root: h(
      'div',
      {},
      h('h1', { tabindex: '-1' }, `Journal of ${name}`),
      h(
        'p',
        { class: 'actions' },
        h('a', { class: 'button', href: routeTo(['capability', name]) }, `Back to ${name}`),
        chosen === '' ? null : h('a', { class: 'button', href: routeTo(['journal', name]) }, 'All runs'),
      ),
      list,
    ),
    update() {
      const count = live.runs().filter(run => run.ended !== null).length
      if (ended !== undefined && ended !== count) load()
      ended = count
    },
  }
}

/** The entries by run, as they come: newest first. */
export function runsOf(entries) {
  const runs = new Map()
  for (const entry of entries) {
    const { run, action, operator } = entry
    if (!runs.has(run)) runs.set(run, { run, action, operator, entries: [] })
    runs.get(run).entries.push(entry)
  }
  return [...runs.values()]
}

function phases({ phaseBefore, phaseAfter }) {
  return phaseBefore === phaseAfter ? text(phaseAfter) : `${text(phaseBefore)} → ${text(phaseAfter)}`
}

function shortened(details) {
  const all = text(details)
  if (all === '{}' || all === '–') return ''
  return all.length > 300 ? `${all.slice(0, 299)}…` : all
}
