import { h } from './element.js'
import { count, duration, percent, text } from './format.js'
import { refusalList } from './parts.js'

const marks = { done: '✓', refused: '✗' }
const gateWords = [
  ['maxLagMs', 'lag', value => `at most ${duration(value)}`],
  ['verifyMaxAgeMs', 'last verification', value => `not older than ${duration(value)}`],
  ['minSamples', 'comparisons', value => `at least ${count(value)}`],
  ['maxDivergence', 'divergence beyond the noise', value => `at most ${percent(value * 100)}`],
  ['drillMaxAgeMs', 'last drill', value => `not older than ${duration(value)}`],
  ['maxTransactionMs', 'open transactions', value => `not older than ${duration(value)}`],
  ['soakSeconds', 'rollback stays possible', value => `for ${duration(value * 1_000)}`],
]

/** The steps in order, each with its state and what it would be refused for, and the gates in words. */
export function planSection({ steps = [], gates = {}, tables = [] }) {
  return [
    h('ol', { class: 'steps' }, steps.map(planStep)),
    h('h3', {}, 'Gates of the cutover'),
    h(
      'ul',
      { class: 'gates' },
      gateWords
        .filter(([key]) => gates[key] !== undefined)
        .map(([key, name, words]) => h('li', {}, h('strong', {}, name), ` ${words(gates[key])}`)),
    ),
    tables.length === 0
      ? null
      : h(
          'p',
          { class: 'quiet' },
          `Tables: ${tables.map(({ legacy, extracted }) => `${legacy} ⇄ ${extracted}`).join(', ')}`,
        ),
  ]
}

function planStep({ name, state, description, refusals = [] }) {
  return h(
    'li',
    { class: text(state) },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[state] ?? '·'),
    h(
      'div',
      {},
      h('strong', {}, text(name)),
      h('span', { class: 'state' }, ` ${state === 'refused' ? 'would be refused now' : text(state)}`),
      h('p', {}, text(description)),
      refusals.length === 0 ? null : refusalList(refusals),
    ),
  )
}
