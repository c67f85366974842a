import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'

export type SignalKind = 'fence' | 'canary' | 'heartbeat'

/** A row that travels through the stream like any change, to prove what the stream has delivered. */
export type Signal = {
  /** Unique; at most 64 characters. */
  id: string
  /** On whose server it is written. */
  side: 'legacy' | 'extracted'
  capability: string
  kind: SignalKind
  epoch: number
}

/**
 * Writes a signal on `database`'s server, idempotently by id.
 * @returns the GTID position of that server right after it
 */
export async function writeSignal(_database: Database, _signal: Signal): Promise<string> {
  throw new ToolkitError('NOT_YET', 'writeSignal is being written')
}
