import type { Answer, Exchange, Protocol } from './exchange.ts'
import type { Added, Ledger, Owned } from './ledger.ts'
import { pickWeighted } from './pick-weighted.ts'
import type { TrafficStats } from './traffic-stats.ts'

export type CallerParts = {
  id: string
  exchange: Exchange
  ledger: Ledger
  stats: TrafficStats
  random: () => number
}

/** One kind of thing that a client does. */
export type Act<Parts> = (parts: Parts, memory: Memory, serial: string) => Promise<void>
export type Acts<Parts> = Record<Protocol, readonly { weight: number; value: Act<Parts> }[]>

/** What this caller was last told about what it alone writes; undefined after a write that got no answer. */
export type Memory = Map<string, string | undefined>

/**
 * A client that does one thing at a time over one protocol.
 * @returns a function that does the next thing
 */
export function createCaller<Parts extends CallerParts>(
  parts: Parts,
  acts: Acts<Parts>,
  protocol: Protocol,
): () => Promise<void> {
  const memory: Memory = new Map()
  let serial = 0
  return () => pickWeighted(acts[protocol], parts.random())(parts, memory, `${parts.id}-${++serial}`)
}

export async function read({ stats }: CallerParts, answer: Promise<Answer>): Promise<Answer> {
  const answered = await answer
  stats.record(answered, 'read')
  return answered
}

/** Reads something of the caller's own, which must show what this caller was last told. */
export function compareWithMemory(
  { stats }: CallerParts,
  memory: Memory,
  what: Owned,
  id: string,
  side: string | undefined,
  seen: Readonly<Record<string, string>>,
): void {
  for (const [field, value] of Object.entries(seen)) {
    const told = memory.get(`${what} ${id} ${field}`)
    if (told !== undefined && value !== told)
      stats.stale(`${what} ${id} ${field} was answered “${told}”, then read as “${value}” from ${side}`)
  }
}

/** Remembers what a write of a field came to. */
export function settleField(
  { ledger, stats }: CallerParts,
  memory: Memory,
  set: { what: Owned; id: string; field: string; value: string },
  answer: Answer,
): void {
  stats.record(answer, 'write')
  if (answer.outcome === 'failed') return
  const isSure = answer.outcome === 'ok'
  memory.set(`${set.what} ${set.id} ${set.field}`, isSure ? set.value : undefined)
  ledger.record({ kind: 'set', ...set }, isSure ? 'acknowledged' : 'unknown')
}

/** Remembers what adding something came to. */
export function settleAdded(
  { ledger, stats }: CallerParts,
  what: Added,
  token: string,
  answer: Answer,
): void {
  stats.record(answer, 'write')
  if (answer.outcome !== 'failed')
    ledger.record({ kind: 'added', what, token }, answer.outcome === 'ok' ? 'acknowledged' : 'unknown')
}

/** Remembers what a movement of stock came to. */
export function settleMoved({ ledger, stats }: CallerParts, sku: string, by: number, answer: Answer): void {
  stats.record(answer, 'write')
  if (answer.outcome !== 'failed')
    ledger.record({ kind: 'moved', sku, by }, answer.outcome === 'ok' ? 'acknowledged' : 'unknown')
}

export function oneOf<T>({ random }: CallerParts, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)]!
}

/** An amount of at least `from` and less than `from + span`, with cents. */
export function amount({ random }: CallerParts, from: number, span: number): string {
  const cents = String(Math.floor(random() * 100)).padStart(2, '0')
  return `${from + Math.floor(random() * span)}.${cents}`
}
