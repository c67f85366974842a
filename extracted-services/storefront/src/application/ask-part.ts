import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Asking } from './capabilities.ts'

export type MissingReason = 'NOT_FOUND' | 'TIMEOUT' | 'UNAVAILABLE'

/** One part of a composed answer: what it is, or why it is not there. */
export type Part<T> = { value: T } | { missing: MissingReason }

/** Asks for one part, which may take `withinMs`; it never throws, so that one part that fails costs no other. */
export async function askPart<T>(
  name: string,
  asking: Asking,
  { withinMs, log, count }: { withinMs: number; log: Log; count(part: string, outcome: string): void },
  ask: (asking: Asking) => Promise<T>,
): Promise<Part<T>> {
  const late = AbortSignal.timeout(withinMs)
  try {
    const value = await ask({ ...asking, signal: AbortSignal.any([asking.signal, late]) })
    count(name, 'OK')
    return { value }
  } catch (error) {
    const missing = isToolkitError(error, 'PART_NOT_FOUND')
      ? 'NOT_FOUND'
      : late.aborted
        ? 'TIMEOUT'
        : 'UNAVAILABLE'
    count(name, missing)
    if (missing !== 'NOT_FOUND')
      log.warn(
        { part: name, missing, trace_id: asking.trace?.traceId, error: messageOf(error) },
        'part missing',
      )
    return { missing }
  }
}

export function foundIn<T>(part: Part<T>): T | null {
  return 'value' in part ? part.value : null
}

/** The parts that are not there, by name; nothing is said of those that are. */
export function missingOf(
  parts: Readonly<Record<string, Part<unknown>>>,
): { part: string; reason: MissingReason }[] {
  return Object.entries(parts).flatMap(([part, found]) =>
    'missing' in found ? [{ part, reason: found.missing }] : [],
  )
}
