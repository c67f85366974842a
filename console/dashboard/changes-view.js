import { get, post } from './api.js'
import { h, replaceContent } from './element.js'
import { moment, text } from './format.js'
import { badge, failureNote } from './parts.js'
import { routeTo } from './router.js'

/** `#/changes?generation=7`: every generation with what it changed, and the way back to it. */
export function changesView({ live, route }) {
  const chosen = Number(route.query.get('generation') ?? 0)
  const list = h('div', { 'aria-busy': 'true' })
  const outcome = h('div', { 'aria-live': 'polite' })

  async function load() {
    try {
      const { generation, generations } = await get('/api/generations')
      replaceContent(
        list,
        h(
          'ol',
          { class: 'changes' },
          generations.map(entry => item(entry, generation)),
        ),
      )
    } catch (error) {
      replaceContent(list, failureNote(error))
    }
    list.removeAttribute('aria-busy')
  }

  function item(entry, current) {
    const { number, at, by, reason, changes } = entry
    const served = number === current
    return h(
      'li',
      { id: `generation-${number}`, class: number === chosen ? 'here' : undefined },
      h(
        'h2',
        {},
        h('a', { href: routeTo(['changes'], { generation: number }) }, `Generation ${number}`),
        ' ',
        served ? badge('served', 'good') : null,
      ),
      h('p', {}, h('time', { datetime: text(at) }, moment(at)), ` by ${text(by)}: ${text(reason)}`),
      changes.length === 0
        ? h('p', { class: 'quiet' }, 'Comments and layout only, or the first one that is known.')
        : h('ul', { class: 'differences' }, changes.map(difference)),
      served || live.viewer ? null : wayBack(number),
    )
  }

  function wayBack(number) {
    const reason = h('input', { id: `why-${number}`, required: true, maxlength: 500 })
    const button = h('button', { type: 'submit' }, `Serve generation ${number} again`)
    const revert = async event => {
      event.preventDefault()
      button.disabled = true
      try {
        const { generation } = await post(`/api/generations/${number}/revert`, {
          reason: reason.value.trim(),
        })
        replaceContent(
          outcome,
          h('p', { class: 'note good' }, `Generation ${generation} has the text of generation ${number}.`),
        )
        load()
      } catch (error) {
        replaceContent(outcome, failureNote(error))
        button.disabled = false
      }
      outcome.scrollIntoView({ block: 'nearest' })
    }
    return h(
      'details',
      {},
      h('summary', {}, 'Back to it …'),
      h(
        'form',
        { onsubmit: revert },
        h(
          'p',
          { class: 'hint' },
          'Its text becomes a new generation. A write owner is never moved by this: that is refused.',
        ),
        h('label', { for: `why-${number}` }, 'Reason, for the record'),
        reason,
        button,
      ),
    )
  }
  load()

  let shown
  return {
    title: 'Changes',
    name: 'changes',
    root: h(
      'div',
      {},
      h('h1', { tabindex: '-1' }, 'Changes'),
      h(
        'p',
        { class: 'summary' },
        'What is served, and everything that was served before: strangler.yaml, generation by generation.',
      ),
      outcome,
      list,
    ),
    update() {
      const generation = live.snapshot?.generation
      if (shown !== undefined && shown !== generation) load()
      shown = generation
    },
  }
}

function difference({ path, before, after }) {
  return h(
    'li',
    {},
    h('code', {}, text(path)),
    ' ',
    h('del', {}, text(before)),
    ' → ',
    h('ins', {}, text(after)),
  )
}
