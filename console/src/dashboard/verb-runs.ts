import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { VerbAnswer } from '../operator/read-answer.ts'
import type { Json } from '../render/json-fields.ts'

/** A verb that was asked for here: under way, or ended with its document and exit code. */
export type VerbRun = {
  id: string
  capability: string
  verb: string
  by: string
  reason: string
  startedAt: number
  progress: readonly Json[]
  ended: null | (VerbAnswer & { ms: number })
}

export type VerbRuns = {
  /** @throws ToolkitError TOO_MANY_RUNS */
  start(
    asked: Pick<VerbRun, 'capability' | 'verb' | 'by' | 'reason'>,
    perform: (onProgress: (progress: Json) => void) => Promise<VerbAnswer>,
  ): VerbRun
  /** A verb on the capability that has not ended. */
  underWay(capability: string): VerbRun | undefined
  /** Newest first. */
  all(): readonly VerbRun[]
  watch(listener: (run: VerbRun) => void): () => void
}

const maxUnderWay = 20
const maxKept = 50
const maxProgress = 200

/** Keeps the verbs of all pages, so that one that is opened later shows them too. */
export function createVerbRuns(clock: Clock): VerbRuns {
  const runs = new Map<string, VerbRun>()
  const listeners = new Set<(run: VerbRun) => void>()

  function change(id: string, changes: Partial<VerbRun>): void {
    const run = { ...runs.get(id)!, ...changes }
    runs.set(id, run)
    for (const listener of listeners) listener(run)
  }

  function forgetOld(): void {
    for (const [id, { ended }] of runs) if (runs.size > maxKept && ended !== null) runs.delete(id)
  }

  return {
    start(asked, perform) {
      const underWay = [...runs.values()].filter(({ ended }) => ended === null).length
      if (underWay >= maxUnderWay)
        throw new ToolkitError('TOO_MANY_RUNS', `${underWay} verbs are under way`, {
          hint: 'wait until one of them has ended',
        })
      const id = randomUUID()
      const began = clock.elapsed()
      const run: VerbRun = { id, ...asked, startedAt: clock.now(), progress: [], ended: null }
      runs.set(id, run)
      change(id, {})
      const end = (answer: VerbAnswer) => {
        change(id, { ended: { ...answer, ms: Math.round(clock.elapsed() - began) } })
        forgetOld()
      }
      perform(progress => {
        const { progress: known } = runs.get(id)!
        // An engine repeats its last line while it is busy, so that nobody takes it for dead.
        if (JSON.stringify(known.at(-1)) === JSON.stringify(progress)) return
        change(id, { progress: [...known, progress].slice(-maxProgress) })
      }).then(end, error => end(failureOf(error)))
      return run
    },
    underWay: capability =>
      [...runs.values()].find(run => run.capability === capability && run.ended === null),
    all: () => [...runs.values()].reverse(),
    watch: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function failureOf(error: unknown): VerbAnswer {
  if (!isToolkitError(error)) return { result: { code: 'UNEXPECTED', message: messageOf(error) }, exit: 1 }
  const { code, message, hint } = error
  return { result: { code, message, ...(hint === undefined ? {} : { hint }) }, exit: 1 }
}
