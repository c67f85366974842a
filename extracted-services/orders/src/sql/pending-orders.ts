import { preciseDateTimeOf } from '@strangler/chassis/database/date-time.ts'
import { type Session, withSession } from '@strangler/chassis/database/with-transaction.ts'
import { withRetriedTransaction } from '@strangler/chassis/event-store/change-aggregate.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { changeUnlessDecided } from '../application/order-aggregate.ts'

/** Notes that an order has to be decided by `deadline`, milliseconds since the epoch. */
export async function addPending(session: Session, orderId: string, deadline: number): Promise<void> {
  await session.run('INSERT INTO pending_orders (order_id, deadline) VALUES (?, ?)', [
    orderId,
    preciseDateTimeOf(deadline),
  ])
}

export async function forgetPending(session: Session, orderId: string): Promise<void> {
  await session.run('DELETE FROM pending_orders WHERE order_id = ?', [orderId])
}

/** Cancels orders that nobody decided in time, until `signal` is aborted: events that fail to come have no other end. */
export async function giveUpOverdue(
  { pool, clock, log, pollMs = 500 }: { pool: Pool; clock: Clock; log: Log; pollMs?: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const orderId of await readOverdue(pool, clock.now())) await giveUp(pool, clock, orderId)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'overdue orders not canceled')
    }
    await clock.sleep(pollMs, signal).catch(() => {})
  }
}

async function readOverdue(pool: Pool, now: number): Promise<string[]> {
  const rows = await withSession(pool, session =>
    session.rows<{ order_id: string }>(
      'SELECT order_id FROM pending_orders WHERE deadline <= ? ORDER BY deadline LIMIT 100',
      [preciseDateTimeOf(now)],
    ),
  )
  return rows.map(row => row.order_id)
}

function giveUp(pool: Pool, clock: Clock, orderId: string): Promise<void> {
  const origin = { actor: 'sweeper', now: clock.now() }
  return withRetriedTransaction(pool, async session => {
    await changeUnlessDecided(session, orderId, { type: 'cancel', reason: { code: 'DEADLINE' } }, origin)
    await forgetPending(session, orderId)
  })
}
