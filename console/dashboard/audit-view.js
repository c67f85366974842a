import { get } from './api.js'
import { h, replaceContent, table } from './element.js'
import { counted, moment, text } from './format.js'
import { badge, failureNote } from './parts.js'
import { routeTo } from './router.js'
import { outcome } from './words.js'

/** `#/audit?capability=…&limit=…&verify=true`: who did what, when and why. */
export function auditView({ live, route }) {
  const only = route.query.get('capability') ?? ''
  const limit = route.query.get('limit') ?? '100'
  const verify = route.query.get('verify') === 'true'
  const forecasts = route.query.get('forecasts') === 'true'
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
          {
            forecasts,
            other: routeTo(['audit'], { capability: only, limit, forecasts: forecasts ? undefined : true }),
          },
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

function auditTable(entries, chain, link) {
  if (entries.length === 0) return h('p', { class: 'quiet' }, 'Nothing has been audited yet.')
  const asked = askedFor(entries)
  const isForecast = ({ seq }) => asked.get(seq)?.dryRun === true
  const forecasts = entries.filter(isForecast).length
  const shown = link.forecasts ? entries : entries.filter(entry => !isForecast(entry))
  return [
    forecasts === 0
      ? null
      : h(
          'p',
          { class: 'quiet' },
          `${counted(forecasts, 'entry is a forecast', 'entries are forecasts')}, of what a verb would do. `,
          h('a', { href: link.other }, link.forecasts ? 'Hide them' : 'Show them'),
        ),
    table(
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
      shown.map(entry => [
        chain?.ok === false && chain.seq === entry.seq ? badge(text(entry.seq), 'bad') : text(entry.seq),
        h('time', { datetime: text(entry.at) }, moment(entry.at)),
        text(entry.operator),
        text(entry.verb),
        h('a', { href: routeTo(['capability', text(entry.capability)]) }, text(entry.capability)),
        deed(entry.details, isForecast(entry)),
        text(entry.reason),
      ]),
    ),
  ]
}

/** Each verb has two entries: what was asked for, before anything is done, and how it ended. Both by what was asked. */
export function askedFor(entries) {
  const last = new Map()
  const asked = new Map()
  for (const { seq, operator, verb, capability, details } of [...entries].sort(
    (one, other) => one.seq - other.seq,
  )) {
    const key = JSON.stringify([operator, verb, capability])
    if (details?.asked !== undefined) last.set(key, details.asked)
    if (last.has(key)) asked.set(seq, last.get(key))
    if (details?.asked === undefined) last.delete(key)
  }
  return asked
}

function deed(details, forecast) {
  const { asked, exit, refusals, outcome: recovery, ...rest } = details ?? {}
  if (asked !== undefined) {
    const { dryRun: _, ...flags } = asked
    return [badge(forecast ? 'forecast asked' : 'asked'), ' ', words(flags)]
  }
  if (exit === undefined) return text(recovery)
  const { word, tone } = outcome({ exit, result: rest })
  return [
    badge(forecast ? `would be ${word}` : word, tone),
    ' ',
    refusals === undefined ? words(rest) : refusals.map(text).join(', '),
  ]
}

function words(record) {
  return Object.entries(record)
    .filter(([, value]) => value !== undefined && value !== null && value !== false)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join(', ')
}
