import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import { identifier } from '../data/sql-text.ts'
import type { Direction } from '../data/table-mapping.ts'
import type { Change } from './change.ts'

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

export const signalTable = 'signal'
export const signalColumns = ['id', 'side', 'capability', 'kind', 'epoch', 'at'] as const

/**
 * Writes a signal on `database`'s server, idempotently by id.
 * @returns the GTID position of that server right after it
 */
export async function writeSignal(database: Database, signal: Signal): Promise<string> {
  const connection = await connectToolkit(database)
  try {
    await storeSignal(connection, database.controlSchema, signal, Date.now())
    return await readServerPosition(connection)
  } finally {
    await connection.end()
  }
}

/** @param at milliseconds of the writer's clock */
export async function storeSignal(
  connection: Connection,
  controlSchema: string,
  signal: Signal,
  at: number,
): Promise<void> {
  await connection.query(
    `INSERT INTO ${identifier(controlSchema)}.${identifier(signalTable)} (id, side, capability, kind, epoch, at)
     VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), at = VALUES(at)`,
    [
      signal.id,
      signal.side,
      signal.capability,
      signal.kind,
      signal.epoch,
      new Date(at).toISOString().replace('T', ' ').slice(0, 23),
    ],
  )
}

/** Everything that the server has committed. */
export async function readServerPosition(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_binlog_pos AS position')
  return rows[0]!.position
}

export function heartbeatId(capability: string, direction: Direction): string {
  return `heartbeat ${direction} ${capability}`.slice(0, 64)
}

export type SeenSignal = { id: string; kind: SignalKind; epoch: number; at: number }

/** The signal that a change of the signal table carries, when it is for this capability. */
export function seenSignal(change: Change, capability: string): SeenSignal | undefined {
  const row = change.after
  if (row === null || row.capability !== capability) return undefined
  return {
    id: row.id as string,
    kind: row.kind as SignalKind,
    epoch: row.epoch as number,
    at: Date.parse(`${(row.at as string).replace(' ', 'T')}Z`),
  }
}
