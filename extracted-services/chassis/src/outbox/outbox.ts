import { fileURLToPath } from 'node:url'
import { preciseDateTimeOf } from '../database/date-time.ts'
import type { Session } from '../database/with-transaction.ts'
import type { Message } from '../messaging/message.ts'
import { type MessageRow, messageColumns, messageOfRow, valuesOfMessage } from '../messaging/message-row.ts'

/** Where the table's migrations are, for `applyMigrations`. */
export const outboxMigrations = {
  component: 'outbox',
  folder: fileURLToPath(new URL('../../sql/outbox', import.meta.url)),
}

/** `writtenAt`: milliseconds since the epoch. */
export type OutboxRow = { position: number; message: Message; writtenAt: number }

/**
 * Puts messages into the outbox, in the transaction of `session`: they are published if it commits, and only then.
 * Write them while holding the lock on the aggregate that their key names; then messages of a key have their order.
 * @param now milliseconds since the epoch
 * @throws ToolkitError MESSAGE_TOO_LARGE
 */
export async function writeToOutbox(
  session: Session,
  messages: readonly Message[],
  now: number,
): Promise<void> {
  for (const message of messages)
    await session.run(
      `INSERT INTO outbox_messages (${messageColumns}, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [...valuesOfMessage(message), preciseDateTimeOf(now)],
    )
}

/** Messages that wait to be published, oldest first. */
export async function readOutbox(session: Session, limit: number): Promise<OutboxRow[]> {
  const rows = await session.rows<MessageRow & { position: number; written_at: string }>(
    `SELECT position, ${messageColumns}, written_at FROM outbox_messages ORDER BY position LIMIT ?`,
    [limit],
  )
  return rows.map(row => ({
    position: row.position,
    message: messageOfRow(row),
    writtenAt: millisOf(row.written_at),
  }))
}

export async function deleteFromOutbox(session: Session, positions: readonly number[]): Promise<void> {
  if (positions.length === 0) return
  await session.run(
    `DELETE FROM outbox_messages WHERE position IN (${positions.map(() => '?').join(', ')})`,
    [...positions],
  )
}

/** How many messages wait, and since when the oldest one does: 0 when none does. */
export async function measureOutbox(
  session: Session,
  now: number,
): Promise<{ waiting: number; oldestMs: number }> {
  const [row] = await session.rows<{ waiting: number; oldest: string | null }>(
    'SELECT COUNT(*) AS waiting, MIN(written_at) AS oldest FROM outbox_messages',
  )
  const since = row?.oldest ?? null
  return {
    waiting: row?.waiting ?? 0,
    oldestMs: since === null ? 0 : Math.max(0, now - millisOf(since)),
  }
}

function millisOf(column: string): number {
  return Date.parse(`${column.replace(' ', 'T')}Z`)
}
