import { get } from './api.js'
import { h, replaceContent, table } from './element.js'
import { moment, text } from './format.js'
import { badge, failureNote } from './parts.js'
import { routeTo } from './router.js'
import { outcome } from './words.js'

/** `#/audit?capability=…&limit=…&verify=true`: who did what, when and why. */
export function auditView({ live, route }) {
  const only = route.query.get('capability') ?? ''
  const limit = route.query.get('limit') ?? '100'
  const verify = route.query.get('verify') === 'true'
  const chain = h('div', { 'aria-live': 'polite' })
  const list = h('div', { 'aria-busy': 'true' })

  async function load() {
    try {
      const audit = await get(`/api/audit?${new URLSearchParams({ limit, verify })}`)
      const entries = Array.isArray(audit) ? audit : audit.entries
      replaceContent(chain, audit.chain === undefined ? null : chainNote(audit.chain))
      replaceContent(
        list,
        auditTable(
          entries.filter(({ capability }) => only === '' || capability === only),
          audit.chain,
        ),
      )
    } catch (error) {
      replaceContent(list, failureNote(error))
    }
    list.removeAttribute('aria-busy')
  }
  load()

  let ended
  return {
    title: 'Audit',
    name: 'audit',
    root: h(
      'div',
      {},
      h('h1', { tabindex: '-1' }, only === '' ? 'Audit' : `Audit of ${only}`),
      h(
        'p',
        { class: 'actions' },
        h(
          'a',
          { class: 'button', href: routeTo(['audit'], { capability: only, limit, verify: true }) },
          'Verify the chain',
        ),
        only === ''
          ? null
          : h('a', { class: 'button', href: routeTo(['audit'], { limit }) }, 'All capabilities'),
        h(
          'a',
          { class: 'button', href: routeTo(['audit'], { capability: only, limit: 1_000 }) },
          'Show 1,000',
        ),
      ),
      chain,
      list,
    ),
    update() {
      const count = live.runs().filter(run => run.ended !== null).length
      if (ended !== undefined && ended !== count) load()
      ended = count
    },
  }
}

function chainNote({ ok, seq, reason }) {
  return ok === true
    ? h('p', { class: 'note good' }, 'The chain is whole: every entry vouches for the one before it.')
    : h(
        'p',
        { class: 'note bad', role: 'alert' },
        `The chain is broken at entry ${text(seq)}: ${text(reason)}.`,
      )
}

function auditTable(entries, chain) {
  if (entries.length === 0) return h('p', { class: 'quiet' }, 'Nothing has been audited yet.')
  return table(
    'Audit entries, newest first',
    [
      { title: 'Entry', numeric: true },
      { title: 'When' },
      { title: 'Who' },
      { title: 'What' },
      { title: 'Capability' },
      { title: 'Asked, or how it ended', wide: true },
      { title: 'Reason', wide: true },
    ],
    entries.map(({ seq, at, operator, verb, capability, reason, details }) => [
      chain?.ok === false && chain.seq === seq ? badge(text(seq), 'bad') : text(seq),
      h('time', { datetime: text(at) }, moment(at)),
      text(operator),
      text(verb),
      h('a', { href: routeTo(['capability', text(capability)]) }, text(capability)),
      deed(details),
      text(reason),
    ]),
  )
}

/** Each verb has two entries: what was asked for, before anything is done, and how it ended. */
function deed(details) {
  const { asked, exit, refusals, outcome: recovery, ...rest } = details ?? {}
  if (asked !== undefined) return [badge('asked'), ' ', words(asked)]
  if (exit === undefined) return text(recovery)
  const { word, tone } = outcome({ exit, result: rest })
  return [badge(word, tone), ' ', refusals === undefined ? words(rest) : refusals.map(text).join(', ')]
}

function words(record) {
  return Object.entries(record)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join(', ')
}
