/** The stages in their order, each with what it means for a caller. */
export const stages = [
  { name: 'legacy', meaning: 'served by the monolith' },
  { name: 'shadow', meaning: 'copies of reads compared' },
  { name: 'canary', meaning: 'some callers read from the service' },
  { name: 'extracted', meaning: 'served by the service' },
  { name: 'retired', meaning: 'monolith given up' },
]

/** Who serves what of a capability now, in a sentence. */
export function servedBy({ stage, percent, writes, data }) {
  const reads =
    stage === 'canary'
      ? `${percent} % of callers read from extracted, the rest from legacy`
      : `Reads from ${stage === 'extracted' || stage === 'retired' ? 'extracted' : 'legacy'}`
  return data === 'none' ? `${reads}; no data of its own.` : `${reads}; writes to ${writes ?? 'legacy'}.`
}

/** The verb that takes a capability back, or undefined where it is back already. */
export function wayBack({ stage, writes, owner }) {
  if (stage === 'retired') return undefined
  if ((owner ?? writes) === 'extracted') return { verb: 'rollback', label: 'Roll back' }
  if (stage === 'legacy' || stage === null || stage === undefined) return undefined
  return { verb: 'stage', query: { stage: 'legacy' }, label: 'Back to legacy' }
}

/** The verbs that make sense for a capability as it stands, the way back apart. */
export function verbsFor(capability) {
  const extracted = (capability.owner ?? capability.writes) === 'extracted'
  const planned = capability.planned === true
  return [
    { verb: 'stage', label: 'Set stage …' },
    planned && !extracted && { verb: 'run', label: 'Run plan …' },
    planned && { verb: 'verify', label: 'Verify …' },
    planned && !extracted && { verb: 'drill', label: 'Drill …' },
    planned && !extracted && { verb: 'cutover', label: 'Cut over …' },
  ].filter(Boolean)
}

const titles = {
  stage: 'Set the stage of',
  run: 'Run the plan of',
  verify: 'Verify',
  drill: 'Drill',
  cutover: 'Cut over',
  rollback: 'Roll back',
}

const confirmations = {
  stage: 'Set stage',
  run: 'Run plan',
  verify: 'Verify',
  drill: 'Start drill',
  cutover: 'Cut over now',
  rollback: 'Roll back now',
}

/** `Cut over customers`. */
export function verbTitle(verb, capability) {
  return `${titles[verb] ?? verb} ${capability}`
}

export function confirmation(verb) {
  return confirmations[verb] ?? verb
}

/** How a verb ended, by its exit code. */
export function outcome({ exit, result }) {
  if (exit === 0) return { word: 'done', tone: 'good' }
  if (exit === 3) return { word: 'refused', tone: 'warn' }
  if (exit === 4) return { word: 'the sides differ', tone: 'bad' }
  return { word: result?.ok === false ? 'not passed' : 'failed', tone: 'bad' }
}
