import { dateTimeOf } from '@strangler/chassis/database/date-time.ts'
import { type Session, withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { composeMessage, topicName } from '@strangler/chassis/messaging/compose-message.ts'
import { writeToOutbox } from '@strangler/chassis/outbox/outbox.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import type { CreditRepository, CreditWriter } from '../application/reserve-credit.ts'
import type { CreditRefusal, CreditReservation } from '../domain/credit-reservation.ts'
import { selectCustomer } from './customers-repository.ts'

type CreditRow = {
  order_id: string
  customer_id: number
  amount: string
  status: CreditReservation['status'] | 'pending'
  refusal: string | null
  updated_at: string
}

/** Where events about credit go, in order per order. */
export const customersEvents = topicName('customers', 'event')

const columns = 'order_id, customer_id, amount, status, refusal, updated_at'

/** Credit reservations in MariaDB, in the schema of `pool`. */
export function createCreditRepository(pool: Pool, clock: Clock): CreditRepository {
  return {
    find: orderId => withSession(pool, session => selectReservation(session, orderId, '')),
    write: (work, { rehearsal, traceparent }) =>
      withTransaction(pool, session => work(writerOn(session, clock, traceparent)), { rehearsal }),
  }
}

function writerOn(session: Session, clock: Clock, traceparent: string): CreditWriter {
  return {
    lockReservation: async orderId => {
      // The update of nothing takes the row's exclusive lock; see createIdempotencyStore for why a plain INSERT won't do.
      await session.run(
        `INSERT INTO credit_reservations (${columns}) VALUES (?, 0, 0, 'pending', NULL, ?)
         ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)`,
        [orderId, dateTimeOf(clock.now())],
      )
      return selectReservation(session, orderId, 'FOR UPDATE')
    },
    lockCredit: async customerId => {
      // The customer's row is what two orders of one customer wait for each other at.
      const customer = await selectCustomer(session, customerId, 'FOR UPDATE')
      const [row] = await session.rows<{ reserved: string }>(
        `SELECT COALESCE(SUM(amount), 0.00) AS reserved FROM credit_reservations
         WHERE customer_id = ? AND status = 'reserved'`,
        [customerId],
      )
      return { customer, reserved: row!.reserved }
    },
    save: async ({ orderId, customerId, amount, status, refusal, updatedAt }) => {
      await session.run(
        `UPDATE credit_reservations SET customer_id = ?, amount = ?, status = ?, refusal = ?, updated_at = ?
         WHERE order_id = ?`,
        [
          customerId,
          amount,
          status,
          refusal === null ? null : JSON.stringify(refusal),
          updatedAt.replace('T', ' ').replace('Z', ''),
          orderId,
        ],
      )
    },
    publish: async ({ type, data }) => {
      const trace = parseTraceparent(traceparent)
      const event = { kind: 'event', topic: customersEvents, key: data.orderId, type, payload: data } as const
      await writeToOutbox(session, [composeMessage({ ...event, trace })], clock.now())
    },
  }
}

/**
 * Removes what was released or refused before `before` (milliseconds since the epoch), 1000 at a time. From then on the
 * order's id is as good as new.
 * @returns how many were removed
 */
export async function removeEndedCredit(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const { affectedRows } = await withSession(pool, session =>
      session.run(
        "DELETE FROM credit_reservations WHERE status IN ('released', 'refused') AND updated_at < ? LIMIT 1000",
        [dateTimeOf(before)],
      ),
    )
    removed += affectedRows
    if (affectedRows < 1000) return removed
  }
}

async function selectReservation(
  session: Session,
  orderId: string,
  lock: '' | 'FOR UPDATE',
): Promise<CreditReservation | undefined> {
  const [row] = await session.rows<CreditRow>(
    `SELECT ${columns} FROM credit_reservations WHERE order_id = ? ${lock}`,
    [orderId],
  )
  if (row === undefined || row.status === 'pending') return undefined
  return {
    orderId: row.order_id,
    customerId: row.customer_id,
    amount: row.amount,
    status: row.status,
    refusal: row.refusal === null ? null : (JSON.parse(row.refusal) as CreditRefusal),
    updatedAt: `${row.updated_at.replace(' ', 'T')}Z`,
  }
}
