import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { identifier } from '../data/sql-text.ts'
import type { Direction } from '../data/table-mapping.ts'

/** Whose checkpoint: the row's key, and what proves the right to write it. */
export type CheckpointHolder = {
  controlSchema: string
  capability: string
  direction: Direction
  epoch: number
  /** Random for each start: of two appliers of one epoch, the later start wins. */
  holder: string
}

type StoredCheckpoint = {
  epoch: number
  holder: string
  position: string
  cursor: string | null
  connectionId: number
}

/**
 * Makes `held` the one who may apply. The row lock is taken, so an applier that is in a transaction ends it first.
 * @param from where to begin when this epoch is new here
 * @returns the position to stream from
 * @throws ToolkitError EPOCH_STALE, CHECKPOINT_MISSING
 */
export async function takeCheckpoint(
  connection: Connection,
  held: CheckpointHolder,
  from: string | undefined,
): Promise<string> {
  await connection.beginTransaction()
  try {
    const stored = await lockRow(connection, held)
    if (stored !== undefined && stored.epoch > held.epoch) throw stale(held, stored.epoch)
    const position = stored?.epoch === held.epoch ? stored.position : (from ?? stored?.position)
    if (position === undefined)
      throw new ToolkitError(
        'CHECKPOINT_MISSING',
        `${held.direction} sync of ${held.capability} has no checkpoint and was given no position`,
        { hint: 'copy the tables first: the copy names the position' },
      )
    // a cursor tells of one position only
    const cursor = position === stored?.position ? stored.cursor : null
    await connection.query(
      `INSERT INTO ${table(held)} (capability, direction, epoch, holder, connection_id, position, \`cursor\`, updated_at)
       VALUES (?, ?, ?, ?, CONNECTION_ID(), ?, ?, NOW(6))
       ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), holder = VALUES(holder), connection_id = VALUES(connection_id),
         position = VALUES(position), \`cursor\` = VALUES(\`cursor\`), updated_at = VALUES(updated_at)`,
      [held.capability, held.direction, held.epoch, held.holder, position, cursor],
    )
    await connection.commit()
    return position
  } catch (error) {
    await connection.rollback().catch(() => {})
    throw error
  }
}

/**
 * The stored position and cursor, for a holder that lost its connection.
 * @throws ToolkitError SYNC_FENCED
 */
export async function resumeCheckpoint(
  connection: Connection,
  held: CheckpointHolder,
): Promise<{ position: string; cursor?: string }> {
  await connection.beginTransaction()
  try {
    const { position, cursor } = await lockHeld(connection, held)
    await connection.query(
      `UPDATE ${table(held)} SET connection_id = CONNECTION_ID() WHERE capability = ? AND direction = ?`,
      [held.capability, held.direction],
    )
    await connection.commit()
    return { position, ...(cursor === null ? {} : { cursor }) }
  } catch (error) {
    await connection.rollback().catch(() => {})
    throw error
  }
}

/**
 * First statement of every applying transaction: whoever holds the row lock is the only applier.
 * @returns the stored position
 * @throws ToolkitError SYNC_FENCED when another holder or epoch has taken over
 */
export async function lockCheckpoint(connection: Connection, held: CheckpointHolder): Promise<string> {
  return (await lockHeld(connection, held)).position
}

async function lockHeld(connection: Connection, held: CheckpointHolder): Promise<StoredCheckpoint> {
  const stored = await lockRow(connection, held)
  if (stored === undefined || stored.epoch !== held.epoch || stored.holder !== held.holder)
    throw new ToolkitError(
      'SYNC_FENCED',
      `${held.direction} sync of ${held.capability} (epoch ${held.epoch}) was replaced by another applier`,
      { details: { epoch: held.epoch, storedEpoch: stored?.epoch ?? null } },
    )
  return stored
}

/** Last statement before the commit. */
export async function moveCheckpoint(
  connection: Connection,
  held: CheckpointHolder,
  position: string,
  cursor?: string,
): Promise<void> {
  await connection.query<ResultSetHeader>(
    `UPDATE ${table(held)} SET position = ?, \`cursor\` = ?, updated_at = NOW(6) WHERE capability = ? AND direction = ?`,
    [position, cursor ?? null, held.capability, held.direction],
  )
}

/** The session that applied last, as a server-side id; a stuck one is ended before the checkpoint is taken. */
export async function holderConnection(
  connection: Connection,
  held: Omit<CheckpointHolder, 'holder'>,
): Promise<{ connectionId: number; epoch: number } | undefined> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT connection_id, epoch FROM ${table(held)} WHERE capability = ? AND direction = ?`,
    [held.capability, held.direction],
  )
  return rows[0] === undefined
    ? undefined
    : { connectionId: Number(rows[0].connection_id), epoch: Number(rows[0].epoch) }
}

export function stale(held: Pick<CheckpointHolder, 'capability' | 'epoch'>, seen: number): ToolkitError {
  return new ToolkitError(
    'EPOCH_STALE',
    `epoch ${held.epoch} of ${held.capability} is over: ${seen} has been seen`,
    {
      details: { epoch: held.epoch, seen },
      hint: 'another engine is in charge; read the state again before acting',
    },
  )
}

async function lockRow(
  connection: Connection,
  held: CheckpointHolder,
): Promise<StoredCheckpoint | undefined> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT epoch, holder, position, \`cursor\`, connection_id FROM ${table(held)}
      WHERE capability = ? AND direction = ? FOR UPDATE`,
    [held.capability, held.direction],
  )
  const row = rows[0]
  if (row === undefined) return undefined
  return {
    epoch: Number(row.epoch),
    holder: row.holder,
    position: row.position,
    cursor: row.cursor,
    connectionId: Number(row.connection_id),
  }
}

function table(held: Pick<CheckpointHolder, 'controlSchema'>): string {
  return `${identifier(held.controlSchema)}.checkpoint`
}
