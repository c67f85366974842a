import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Entry } from '../journal/journal.ts'
import type { FailPoint } from './fail-points.ts'

type Verb = (...args: never[]) => Promise<unknown>

export type Journaling = {
  action: string
  /** Appends entries durably, in order. */
  record(entries: readonly Entry[]): Promise<void>
  failPoint: FailPoint
  /** Own deadline of a verb in ms; a verb without one has only that of its caller. */
  deadlines: Partial<Record<string, number>>
  elapsed(): number
  onProgress(verb: string): void
}

export type VerbTime = { verb: string; ms: number }

export type Journaled = {
  /**
   * The same verbs, each written to the journal before and after, within its own deadline.
   * @param evenUnwritten go on when the journal cannot be written, as a revert must; never when the lease is lost
   */
  wrap<T extends Record<keyof T, Verb>>(
    verbs: T,
    names: readonly (keyof T & string)[],
    evenUnwritten?: boolean,
  ): T
  /** The verbs that have begun, oldest first. */
  begun(): readonly string[]
  times(): readonly VerbTime[]
  /** Writes what is not yet written: the `after` of a verb travels with the `before` of the next. */
  flush(): Promise<void>
}

/** Surrounds verbs with journal, deadline and fail-points, so that the verbs themselves only do their work. */
export function createJournaled(parts: Journaling): Journaled {
  const begun: string[] = []
  const times: VerbTime[] = []
  let unwritten: Entry[] = []

  const write = async (more: readonly Entry[]) => {
    const entries = [...unwritten, ...more]
    unwritten = []
    if (entries.length > 0) await parts.record(entries)
  }

  async function perform(verb: string, run: Verb, args: never[], evenUnwritten: boolean): Promise<unknown> {
    await write([{ verb, moment: 'before' }]).catch(error => {
      if (!evenUnwritten || isToolkitError(error, 'LEASE_LOST')) throw error
    })
    parts.failPoint(`${parts.action}.${verb}.before`)
    parts.onProgress(verb)
    begun.push(verb)
    const began = parts.elapsed()
    try {
      const result = await run(...withDeadline(verb, args, parts.deadlines[verb]))
      const ms = parts.elapsed() - began
      times.push({ verb, ms })
      unwritten.push({ verb, moment: 'after', details: { ms: Math.round(ms * 10) / 10, result } })
      parts.failPoint(`${parts.action}.${verb}.after`)
      return result
    } catch (error) {
      unwritten.push({ verb, moment: 'failed', details: { error: messageOf(error) } })
      throw error
    }
  }

  return {
    wrap: (verbs, names, evenUnwritten = false) => {
      const wrapped = { ...verbs }
      for (const name of names) {
        const run = verbs[name] as Verb
        wrapped[name] = ((...args: never[]) =>
          perform(name, run, args, evenUnwritten)) as (typeof verbs)[typeof name]
      }
      return wrapped
    },
    begun: () => begun,
    times: () => times,
    flush: () => write([]),
  }
}

/** The last argument of every verb is its signal. */
function withDeadline(verb: string, args: never[], ms: number | undefined): never[] {
  if (ms === undefined) return args
  const signal = args.at(-1) as unknown as AbortSignal
  const own = new AbortController()
  const timer = setTimeout(
    () =>
      own.abort(
        new ToolkitError('VERB_TIMEOUT', `${verb} took longer than ${ms} ms`, { details: { verb, ms } }),
      ),
    ms,
  )
  timer.unref()
  return [...args.slice(0, -1), AbortSignal.any([signal, own.signal]) as never]
}
