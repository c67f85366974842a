import { preciseDateTimeOf } from '@strangler/chassis/database/date-time.ts'
import { type Session, withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import type { Reason } from '@strangler/chassis/saga/saga.ts'
import { centsOf } from '@strangler/chassis/values/amount.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Pool } from 'mysql2/promise'

export type CreditHolds = {
  isHeld(orderId: string): Promise<boolean>
  /** Holds `amount` if it and what is held for the customer's other orders stay within `limit`. */
  hold(hold: {
    orderId: string
    customerId: number
    amount: string
    limit: string
  }): Promise<Reason | undefined>
  /** Gives it back; for an order that holds nothing, makes sure that it never will. */
  release(orderId: string, customerId: number): Promise<void>
}

/** Credit kept in this service's own books, for as long as customers has none to reserve. */
export function createCreditHolds(pool: Pool, clock: Clock): CreditHolds {
  const now = () => preciseDateTimeOf(clock.now())
  return {
    isHeld: async orderId => {
      const rows = await withSession(pool, session =>
        session.rows("SELECT 1 FROM credit_holds WHERE order_id = ? AND status = 'held'", [orderId]),
      )
      return rows.length > 0
    },
    hold: ({ orderId, customerId, amount, limit }) =>
      withTransaction(pool, async session => {
        const status = await lockHold(session, orderId, customerId, now())
        if (status === 'held') return undefined
        if (status === 'released') return { code: 'CREDIT_RELEASED' }
        const held = await lockHeld(session, customerId)
        if (centsOf(held) + centsOf(amount) > centsOf(limit)) {
          // It is remembered as one that is not to be held any more.
          await setHold(session, orderId, { amount: '0.00', status: 'released', at: now() })
          return { code: 'CREDIT_EXCEEDED', details: { limit, reserved: held, requested: amount } }
        }
        await setHold(session, orderId, { amount, status: 'held', at: now() })
        return undefined
      }),
    release: (orderId, customerId) =>
      withTransaction(pool, async session => {
        await lockHold(session, orderId, customerId, now())
        await session.run("UPDATE credit_holds SET status = 'released', updated_at = ? WHERE order_id = ?", [
          now(),
          orderId,
        ])
      }),
  }
}

/** Removes released holds of before `before` (milliseconds since the epoch), 1000 at a time. */
export async function removeReleasedHolds(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const { affectedRows } = await withSession(pool, session =>
      session.run("DELETE FROM credit_holds WHERE status = 'released' AND updated_at < ? LIMIT 1000", [
        preciseDateTimeOf(before),
      ]),
    )
    removed += affectedRows
    if (affectedRows < 1000) return removed
  }
}

/** Locks the order's row, and makes it where there is none: a lock needs a row to stand on. */
async function lockHold(
  session: Session,
  orderId: string,
  customerId: number,
  at: string,
): Promise<'pending' | 'held' | 'released'> {
  await session.run(
    `INSERT INTO credit_holds (order_id, customer_id, amount, status, updated_at) VALUES (?, ?, 0, 'pending', ?)
     ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)`,
    [orderId, customerId, at],
  )
  const [row] = await session.rows<{ status: 'pending' | 'held' | 'released' }>(
    'SELECT status FROM credit_holds WHERE order_id = ? FOR UPDATE',
    [orderId],
  )
  return row!.status
}

async function lockHeld(session: Session, customerId: number): Promise<string> {
  await session.run(
    `INSERT INTO credit_hold_customers (customer_id) VALUES (?)
     ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id)`,
    [customerId],
  )
  const [row] = await session.rows<{ held: string }>(
    "SELECT COALESCE(SUM(amount), 0.00) AS held FROM credit_holds WHERE customer_id = ? AND status = 'held'",
    [customerId],
  )
  return row!.held
}

async function setHold(
  session: Session,
  orderId: string,
  { amount, status, at }: { amount: string; status: string; at: string },
): Promise<void> {
  await session.run('UPDATE credit_holds SET amount = ?, status = ?, updated_at = ? WHERE order_id = ?', [
    amount,
    status,
    at,
    orderId,
  ])
}
