import { ofCapability, post } from './api.js'
import { h, replaceContent, setText } from './element.js'
import { count, text } from './format.js'
import { failureNote } from './parts.js'
import { routeTo } from './router.js'

/**
 * Both values of a divergent path side by side, what differs marked, and the rule that would ignore it.
 * @param viewer whether the reader may change nothing
 */
export function divergenceSample(capability, viewer, divergence) {
  const { route, path, count: times, legacy, extracted, traceId } = divergence
  const [left, right] = marked(text(legacy), text(extracted))
  return h(
    'section',
    { class: 'sample', 'aria-labelledby': 'sample' },
    h('h2', { id: 'sample' }, 'One sample'),
    h(
      'p',
      {},
      h('code', {}, text(path)),
      ` diverged ${count(times)} times. Trace `,
      h('code', {}, text(traceId)),
    ),
    h(
      'div',
      { class: 'sides' },
      h('figure', {}, h('figcaption', { class: 'legacy' }, 'legacy'), h('pre', { tabindex: '0' }, left)),
      h(
        'figure',
        {},
        h('figcaption', { class: 'extracted' }, 'extracted'),
        h('pre', { tabindex: '0' }, right),
      ),
    ),
    ignoreRule({ capability, viewer, route, path }),
  )
}

/** What stands between the equal beginning and the equal end of both is marked. */
function marked(one, other) {
  const [start, tail] = commonEnds(one, other)
  return [one, other].map(value => [
    value.slice(0, start),
    h('mark', {}, value.slice(start, value.length - tail) || '∅'),
    value.slice(value.length - tail),
  ])
}

/** Lengths of the equal beginning and of the equal end, which never overlap. */
export function commonEnds(one, other) {
  const shortest = Math.min(one.length, other.length)
  let start = 0
  while (start < shortest && one[start] === other[start]) start++
  let tail = 0
  while (tail < shortest - start && one.at(-1 - tail) === other.at(-1 - tail)) tail++
  return [start, tail]
}

function ignoreRule({ capability, viewer, route, path }) {
  const reason = h('input', { id: 'ignore-reason', maxlength: 200, required: true, oninput: show })
  const until = h('input', { id: 'ignore-until', type: 'date', oninput: show })
  const rule = h('pre', { tabindex: '0' })
  const outcome = h('div', { 'aria-live': 'polite' })
  const button = h('button', { type: 'submit', class: 'primary', disabled: viewer }, 'Ignore it from now on')
  function show() {
    setText(rule, ignoreYaml(route, path, reason.value.trim(), until.value))
  }
  show()
  async function add(event) {
    event.preventDefault()
    button.disabled = true
    try {
      const body = { route, path, reason: reason.value.trim() }
      const { generation } = await post(
        ofCapability(capability, 'ignore'),
        until.value === '' ? body : { ...body, until: until.value },
      )
      replaceContent(
        outcome,
        h(
          'p',
          { class: 'note good' },
          `The rule is served since generation ${generation}. What diverged before stays counted; `,
          h('a', { href: routeTo(['changes']) }, 'take it back'),
          '.',
        ),
      )
    } catch (error) {
      replaceContent(outcome, failureNote(error))
      button.disabled = false
    }
  }
  return h(
    'details',
    {},
    h('summary', {}, 'Ignore this path …'),
    h(
      'p',
      { class: 'hint' },
      'A difference that is meant belongs into strangler.yaml, with its reason; the file is read again as it is saved.',
    ),
    h(
      'form',
      { onsubmit: add },
      h('label', { for: 'ignore-reason' }, 'Why it is meant'),
      reason,
      h('label', { for: 'ignore-until' }, 'Until when, if not for ever'),
      until,
      rule,
      viewer ? h('p', { class: 'hint' }, 'You may look; an operator can add the rule.') : button,
    ),
    outcome,
  )
}

/** The rule as it stands in strangler.yaml; JSON strings are YAML strings. */
export function ignoreYaml(route, path, reason, until = '') {
  const end = until === '' ? '' : `, until: ${JSON.stringify(until)}`
  const words = JSON.stringify(reason === '' ? 'say why' : reason)
  return `comparison:\n  ignore:\n    - { route: ${JSON.stringify(route)}, path: ${JSON.stringify(path)}, reason: ${words}${end} }`
}
