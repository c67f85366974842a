import { createHash, randomUUID } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from '../codec/json.ts'

/** What is known of a write: it was sent; its answer; that it was sent and no usable answer came. */
export type OutcomeState =
  | { kind: 'sent' }
  | { kind: 'answered'; answer: Json }
  | { kind: 'unknown'; reason: string }

export type OutcomeEntry = {
  /** SHA-256 of the Idempotency-Key. */
  readonly key: string
  /** SHA-256 of the operation and its input. */
  readonly request: string
  /** Names the write to its caller and in the log. */
  readonly operationId: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly state: OutcomeState
}

/** Where entries are kept. The table itself is in memory. */
export type OutcomeStore = {
  /** Entries of earlier runs, oldest first. */
  readonly kept: readonly OutcomeEntry[]
  /** @returns when it would survive a crash */
  put(entry: OutcomeEntry): Promise<void>
  drop(key: string): Promise<void>
  close(): Promise<void>
}

export type OutcomeTable = {
  /**
   * Finds the write that was begun under a key, or begins it.
   * @throws ToolkitError IDEMPOTENCY_KEY_REUSED, OUTCOMES_FULL, and what the store throws: then nothing may be sent
   */
  begin(key: string, request: string): Promise<{ entry: OutcomeEntry; begun: boolean }>
  /** Known here at once; a crash before the store has it leaves the outcome unknown. */
  settle(entry: OutcomeEntry, state: OutcomeState): void
  /** The write was not sent after all. */
  forget(entry: OutcomeEntry): void
}

export type OutcomeBounds = { entries: number; bytes: number; keepMs: number }

export const defaultOutcomeBounds: OutcomeBounds = {
  entries: 100_000,
  bytes: 64 * 1024 * 1024,
  keepMs: 24 * 3_600_000,
}

/**
 * Outcomes of writes by Idempotency-Key. When it is full, the oldest answered write makes room; one whose outcome
 * is not known stays for `keepMs`, since a second sending could do it twice.
 * @param now milliseconds since the epoch
 */
export function createOutcomeTable(
  store: OutcomeStore,
  bounds: OutcomeBounds,
  now: () => number,
): OutcomeTable {
  const entries = new Map<string, OutcomeEntry>()
  let bytes = 0

  const set = (entry: OutcomeEntry) => {
    bytes += sizeOf(entry) - sizeOf(entries.get(entry.key))
    entries.set(entry.key, entry)
  }
  const remove = (entry: OutcomeEntry) => {
    bytes -= sizeOf(entry)
    entries.delete(entry.key)
  }
  // What was sent when the process ended may or may not have arrived.
  for (const entry of store.kept)
    set(
      entry.state.kind === 'sent'
        ? { ...entry, state: { kind: 'unknown', reason: 'the adapter ended before the answer came' } }
        : entry,
    )

  const makeRoom = () => {
    for (const entry of entries.values()) {
      const expired = entry.at + bounds.keepMs < now()
      const full = entries.size >= bounds.entries || bytes >= bounds.bytes
      if (!expired && !full) return
      if (entry.state.kind !== 'answered' && !(expired && entry.state.kind === 'unknown')) continue
      remove(entry)
      later(store.drop(entry.key))
    }
    if (entries.size >= bounds.entries || bytes >= bounds.bytes)
      throw new ToolkitError('OUTCOMES_FULL', `${entries.size} writes have no known outcome`, {
        hint: 'see why the upstream does not answer; entries end by themselves',
      })
  }

  return {
    async begin(plainKey, plainRequest) {
      const key = sha256(plainKey)
      const request = sha256(plainRequest)
      const known = entries.get(key)
      if (known !== undefined && known.at + bounds.keepMs >= now()) {
        if (known.request === request) return { entry: known, begun: false }
        throw new ToolkitError('IDEMPOTENCY_KEY_REUSED', 'the Idempotency-Key was used for another request')
      }
      if (known !== undefined) remove(known)
      makeRoom()
      const entry: OutcomeEntry = {
        key,
        request,
        operationId: randomUUID(),
        at: now(),
        state: { kind: 'sent' },
      }
      set(entry)
      try {
        await store.put(entry)
      } catch (error) {
        remove(entry)
        throw error
      }
      return { entry, begun: true }
    },
    settle(entry, state) {
      const settled = { ...entry, state }
      set(settled)
      later(store.put(settled))
    },
    forget(entry) {
      remove(entry)
      later(store.drop(entry.key))
    },
  }
}

/** Entries that end with the process. */
export function memoryStore(): OutcomeStore {
  return {
    kept: [],
    put: () => Promise.resolve(),
    drop: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** A store that cannot write says so to the next write that begins, which is then not sent. */
function later(stored: Promise<void>): void {
  stored.catch(() => {})
}

function sizeOf(entry: OutcomeEntry | undefined): number {
  if (entry === undefined) return 0
  return 300 + (entry.state.kind === 'answered' ? JSON.stringify(entry.state.answer).length : 0)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
