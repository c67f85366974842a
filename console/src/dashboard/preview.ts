import type { EngineOperator } from '../operator/operator.ts'
import { type Json, listOf, numberOf, recordsOf, textOf } from '../render/json-fields.ts'

/** What a verb would do, one sentence each, and why it would be refused; empty where nothing speaks against it. */
export type Preview = { steps: readonly string[]; refusals: readonly Json[] }

export type Wanted = {
  rate?: number | undefined
  seconds?: number | undefined
  verb: string
  stage?: string | undefined
  percent?: number | undefined
  to?: string | undefined
}

/** Refusals that a drill cures are none of its own. */
const curedByDrill = ['DRILL_MISSING', 'DRILL_STALE', 'DRILL_FAILED']

/**
 * Nothing is changed. A cutover, rollback or drill is judged by the engine's dry run, a run by the plan.
 * @param capability as the snapshot has it @param by who asks, for the audit log
 */
export async function preview(
  engine: EngineOperator,
  capability: Json & { name: string },
  wanted: Wanted,
  by: string,
): Promise<Preview> {
  const { name, owner } = capability
  const dryRun = async (verb: string) => {
    const body = { dryRun: true, by, reason: 'preview' }
    const { result } = await engine.verb(verb, name, body, () => {})
    return {
      steps: listOf(result.steps ?? []).map(step => textOf(step)),
      refusals: refusalsOf(result),
    }
  }
  switch (wanted.verb) {
    case 'cutover':
      return dryRun('cutover')
    case 'rollback':
      return owner === 'extracted' ? dryRun('rollback') : stagePreview(capability, 'legacy', undefined)
    case 'drill':
      return drillPreview(await dryRun('cutover'), capability, wanted)
    case 'run':
      return runPreview(await engine.plan(name), wanted.to ?? 'extracted')
    case 'verify':
      return { steps: [`Compare every row of ${name} on both sides; nothing is written.`], refusals: [] }
    default:
      return stagePreview(capability, wanted.stage ?? '', wanted.percent)
  }
}

function refusalsOf(result: Json): readonly Json[] {
  const refusals = recordsOf(result.refusals)
  return refusals.length === 0 && typeof result.code === 'string' ? [result] : refusals
}

function drillPreview(
  cutover: Preview,
  { name, owner }: Json & { name: string },
  { rate, seconds }: Wanted,
): Preview {
  if (owner === 'extracted')
    return {
      steps: [],
      refusals: [
        {
          code: 'DRILL_NEEDS_LEGACY',
          message: `a drill begins and ends with legacy as write owner; the extracted side owns the writes of ${name}`,
          hint: 'roll back first',
        },
      ],
    }
  return {
    steps: [
      `Send ${rate === undefined ? 'as many writes as planned' : `${rate} writes per second`} through the proxy${seconds === undefined ? '' : ` for ${seconds} s`}, each with a token of its own.`,
      'Cut over under that load: hold, drain, fence, catch up, move the write owner, release.',
      'Roll back under that load, the same steps in the other direction.',
      'Count the tokens on both sides: each acknowledged write must be there exactly once.',
      'Legacy owns the writes before and after; live writes wait for moments.',
    ],
    refusals: cutover.refusals.filter(({ code }) => !curedByDrill.includes(textOf(code))),
  }
}

/** The steps of the plan up to the stage, without those that are done. */
function runPreview(plan: Json, to: string): Preview {
  const steps = recordsOf(plan.steps)
  const reaches = (step: Json) =>
    to === 'extracted' ? step.kind === 'cutover' : textOf(step.name).split(' ', 1)[0] === to
  const last = steps.findIndex(reaches)
  const wanted = last < 0 ? steps : steps.slice(0, last + 1)
  const left = wanted.filter(({ state }) => state !== 'done')
  const refused = left.flatMap(step => recordsOf(step.refusals))
  return {
    steps:
      left.length === 0
        ? [`Every step up to ${to} is done.`]
        : left.map(step => `${textOf(step.name)}: ${textOf(step.description, '')}`),
    refusals: refused,
  }
}

/** A toggle has no dry run: these are the stage's own words, and the engine checks once more. */
export function stagePreview(
  { name, owner, phase, writes, percent: now }: Json & { name: string },
  stage: string,
  percent: number | undefined,
): Preview {
  const share = percent ?? numberOf(now) ?? 0
  const writesStay = `Writes stay on the ${textOf(owner ?? writes, 'legacy')} side: a stage never moves the write owner.`
  const steps: Record<string, readonly string[]> = {
    legacy: ['All reads and writes are served by the legacy side.', 'No copies are sent.', writesStay],
    shadow: [
      'All reads are served by the legacy side.',
      'A copy of each read goes to the extracted side and is compared; callers never wait for it.',
      writesStay,
    ],
    canary: [
      `${share} % of the callers have their reads served by the extracted side, the others by legacy.`,
      'A caller who has just written stays on the write owner until the write has arrived on the other side.',
      writesStay,
    ],
    extracted: ['All reads and writes are served by the extracted side.', writesStay],
    retired: ['The legacy side is given up: there is no way back.'],
  }
  return {
    steps: [
      ...(steps[stage] ?? []),
      'Every proxy swaps its generation at once; the file keeps its comments.',
    ],
    refusals: copyRefusal(name, stage, phase),
  }
}

/** As the engine does: only a capability that is copied and at rest may be served from the extracted side. */
function copyRefusal(name: string, stage: string, phase: unknown): readonly Json[] {
  const needsCopy = stage === 'shadow' || stage === 'canary'
  if (!needsCopy || phase === undefined || phase === 'syncing') return []
  if (phase !== 'planned' && phase !== 'copying')
    return [
      {
        code: 'SWITCH_UNFINISHED',
        message: `a run of ${name} has not come to its end (phase ${textOf(phase)})`,
        hint: 'run the plan: it finishes what was interrupted, or takes it back',
      },
    ]
  return [
    {
      code: 'COPY_INCOMPLETE',
      message: `the copy of ${name} is not complete (phase ${textOf(phase)})`,
      hint: 'run the plan to shadow: it copies, syncs and verifies first',
    },
  ]
}
