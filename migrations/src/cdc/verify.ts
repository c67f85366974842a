import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'
import type { Direction, Row, TableMapping } from '../data/table-mapping.ts'
import type { ChangedKeys } from './changed-keys.ts'
import type { Sync } from './sync.ts'

export type VerifyOptions = {
  /** Forward: legacy is the truth. Reverse: extracted is. */
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  /** The sync that keeps the target up; null when none runs and nobody writes: then nothing is waited for. */
  sync: Pick<Sync, 'waitUntilApplied'> | null
  /** Compare these rows only (of a `takeChangedKeys` that is complete). */
  only?: ChangedKeys
  clock: Clock
  signal: AbortSignal
  onProgress?(progress: { table: string; rows: number; total: number }): void
}

export type TableVerification = {
  /** Source table. */
  table: string
  rows: number
  missing: number
  extra: number
  different: number
}

export type DifferenceSample = {
  table: string
  kind: 'missing' | 'extra' | 'different'
  /** Of the target's table. */
  key: Row
  /** Unequal columns of the target's table; empty unless `different`. */
  columns: readonly string[]
}

export type VerifyResult = {
  ok: boolean
  tables: readonly TableVerification[]
  /** At most 20; names of columns and keys only, no other values. */
  samples: readonly DifferenceSample[]
  ms: number
  /** The source's position when the comparison began: every row was compared at this position or later. */
  position: string
}

/**
 * Compares both sides row by row through the mapping, as bytes and exact text, while writes flow.
 * A row that differs is read again after the sync has applied everything up to then; only lasting differences count.
 * @throws the signal's reason; what `waitUntilApplied` throws
 */
export async function verify(_options: VerifyOptions): Promise<VerifyResult> {
  throw new ToolkitError('NOT_YET', 'verify is being written')
}
