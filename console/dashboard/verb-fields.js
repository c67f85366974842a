import { h } from './element.js'

/** The flags that a verb is asked with, as form fields; `flags()` are those of now. */
export function verbFields(verb, capability, query) {
  const listeners = []
  const changed = () => {
    for (const listener of listeners) listener()
  }
  const made = makers[verb]?.(capability, query, changed) ?? { parts: [], flags: () => ({}) }
  return {
    root: h('div', { class: 'fields-of-verb' }, made.parts),
    flags: made.flags,
    onChange: listener => listeners.push(listener),
  }
}

const makers = { stage: stageFields, run: runFields, drill: drillFields }

function stageFields(capability, query, changed) {
  const extracted = (capability?.owner ?? capability?.writes) === 'extracted'
  const possible = extracted && capability?.data !== 'none' ? ['extracted'] : ['legacy', 'shadow', 'canary']
  const choices = capability?.data === 'none' ? ['legacy', 'shadow', 'canary', 'extracted'] : possible
  const stage = select('stage', choices, query.get('stage') ?? capability?.stage, update)
  const start = String(query.get('percent') ?? capability?.percent ?? 10)
  const number = h('input', {
    id: 'percent',
    required: true,
    type: 'number',
    min: 0,
    max: 100,
    step: 1,
    value: start,
    oninput: () => follow(number, range),
  })
  const range = h('input', {
    type: 'range',
    min: 0,
    max: 100,
    step: 1,
    value: start,
    'aria-label': 'Percent of the callers, slider',
    oninput: () => follow(range, number),
  })
  const share = h(
    'div',
    { class: 'field' },
    h('label', { for: 'percent' }, 'Percent of the callers'),
    h('div', { class: 'pair' }, number, range),
  )

  function follow(from, to) {
    to.value = from.value
    changed()
  }
  function update() {
    share.hidden = stage.value !== 'canary'
    changed()
  }
  share.hidden = stage.value !== 'canary'
  const note =
    extracted || capability?.data === 'none'
      ? null
      : h('p', { class: 'hint' }, 'Stage extracted is reached by a cutover, which moves the write owner too.')
  return {
    parts: [h('div', { class: 'field' }, h('label', { for: 'stage' }, 'Stage'), stage, note), share],
    flags: () => ({
      stage: stage.value,
      ...(stage.value === 'canary' ? { percent: Number(number.value) } : {}),
    }),
  }
}

function runFields(_capability, query, changed) {
  const to = select('to', ['shadow', 'canary', 'extracted'], query.get('to') ?? 'shadow', changed)
  return {
    parts: [h('div', { class: 'field' }, h('label', { for: 'to' }, 'Up to stage'), to)],
    flags: () => ({ to: to.value }),
  }
}

/** What a drill would be refused for does not depend on its load: no change of it asks again. */
function drillFields(_capability, query) {
  const fields = {
    rate: optionalNumber('rate', 'Writes per second (empty: as planned)', query.get('rate'), 1, 5_000),
    seconds: optionalNumber('seconds', 'Seconds (empty: as planned)', query.get('seconds'), 1, 3_600),
  }
  const given = () => Object.entries(fields).filter(([, { input }]) => input.value !== '')
  return {
    parts: Object.values(fields).map(({ root }) => root),
    flags: () => Object.fromEntries(given().map(([name, { input }]) => [name, Number(input.value)])),
  }
}

function optionalNumber(id, label, value, min, max) {
  const input = h('input', { id, type: 'number', min, max, step: 1, value: value ?? '' })
  return { input, root: h('div', { class: 'field' }, h('label', { for: id }, label), input) }
}

function select(id, choices, chosen, onchange) {
  return h(
    'select',
    { id, onchange },
    choices.map(choice => h('option', { value: choice, selected: choice === chosen }, choice)),
  )
}
