import { h } from './element.js'
import { text } from './format.js'
import { routeTo } from './router.js'

/** A short mark with a tone: `good`, `warn`, `bad`, `legacy`, `extracted` or none. */
export function badge(words, tone) {
  return h('span', { class: `badge ${tone ?? ''}` }, words)
}

/** Reasons why something is refused: code, sentence with its numbers, and what to do. */
export function refusalList(refusals) {
  return h(
    'ul',
    { class: 'refusals' },
    refusals.map(({ code, message, hint }) =>
      h(
        'li',
        {},
        h('code', {}, text(code)),
        ' ',
        text(message),
        hint ? h('p', { class: 'hint' }, remedy(text(hint))) : null,
      ),
    ),
  )
}

/** A hint that is a command line is also a link to the dialog of that verb. */
function remedy(hint) {
  const [, verb, capability] = /^strangler (run|verify|drill|cutover|rollback) ([a-z0-9-]+)$/.exec(hint) ?? []
  return verb === undefined ? hint : h('a', { href: routeTo(['capability', capability, verb]) }, hint)
}

/** What a request failed with. */
export function failureNote({ code, message, hint, problems = [] }) {
  return h(
    'div',
    { class: 'note bad', role: 'alert' },
    h('p', {}, h('strong', {}, text(code)), ' ', text(message)),
    problems.map(({ path, message: what }) => h('p', {}, h('code', {}, text(path)), ' ', text(what))),
    hint ? h('p', { class: 'hint' }, text(hint)) : null,
  )
}

/** Pairs of a name and a value; `tiles` stand side by side. */
export function facts(pairs, shape = 'facts') {
  return h(
    'dl',
    { class: shape },
    pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  )
}
