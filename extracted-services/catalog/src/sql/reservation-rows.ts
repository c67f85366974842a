import { dateTimeOf } from '@strangler/chassis/database/date-time.ts'
import { type Session, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import type { Pool } from 'mysql2/promise'
import type { Line, Reservation, ReservationStatus, Shortage } from '../domain/reservation.ts'
import { dateTimeOfInstant, instantIn } from './instant.ts'

type ReservationRow = {
  order_id: string
  status: ReservationStatus | 'pending'
  shortages: string
  updated_at: string
}

const columns = 'order_id, status, shortages, updated_at'

export async function selectReservation(session: Session, orderId: string): Promise<Reservation | undefined> {
  const [row] = await session.rows<ReservationRow>(`SELECT ${columns} FROM reservations WHERE order_id = ?`, [
    orderId,
  ])
  return row === undefined ? undefined : reservationOf(session, row)
}

/**
 * Locks the order's row, and makes it where there is none yet: a lock needs a row to stand on. The one just made says
 * `pending`, which is never committed.
 * @param now milliseconds since the epoch
 */
export async function lockReservation(
  session: Session,
  orderId: string,
  now: number,
): Promise<Reservation | undefined> {
  // The update of nothing takes the row's exclusive lock; see createIdempotencyStore for why a plain INSERT won't do.
  await session.run(
    `INSERT INTO reservations (${columns}) VALUES (?, 'pending', '[]', ?)
     ON DUPLICATE KEY UPDATE order_id = VALUES(order_id)`,
    [orderId, dateTimeOf(now)],
  )
  const [row] = await session.rows<ReservationRow>(
    `SELECT ${columns} FROM reservations WHERE order_id = ? FOR UPDATE`,
    [orderId],
  )
  return row === undefined ? undefined : reservationOf(session, row)
}

export async function saveReservation(session: Session, reservation: Reservation): Promise<void> {
  const { orderId, status, lines, shortages, updatedAt } = reservation
  await session.run('UPDATE reservations SET status = ?, shortages = ?, updated_at = ? WHERE order_id = ?', [
    status,
    JSON.stringify(shortages),
    dateTimeOfInstant(updatedAt),
    orderId,
  ])
  // A reservation begins as one of these two, and keeps the lines that it began with.
  const begins = status === 'reserved' || status === 'refused'
  if (!begins) return
  await session.run(
    `INSERT INTO reservation_lines (order_id, sku, quantity) VALUES ${lines.map(() => '(?, ?, ?)').join(', ')}`,
    lines.flatMap(({ sku, quantity }) => [orderId, sku, quantity]),
  )
}

/**
 * Removes what came to its end (committed, released or refused) before `before` (milliseconds since the epoch), 1000 at
 * a time so that no lock is held long. From then on the order's id is as good as new.
 * @returns how many were removed
 */
export async function removeEndedReservations(pool: Pool, before: number): Promise<number> {
  for (let removed = 0; ; ) {
    const batch = await withTransaction(pool, session => removeBatch(session, dateTimeOf(before)))
    removed += batch
    if (batch < 1000) return removed
  }
}

async function removeBatch(session: Session, before: string): Promise<number> {
  const rows = await session.rows<{ order_id: string }>(
    `SELECT order_id FROM reservations WHERE updated_at < ? AND status IN ('committed', 'released', 'refused')
     LIMIT 1000 FOR UPDATE`,
    [before],
  )
  if (rows.length === 0) return 0
  const ids = rows.map(row => row.order_id)
  const list = ids.map(() => '?').join(', ')
  await session.run(`DELETE FROM reservation_lines WHERE order_id IN (${list})`, ids)
  await session.run(`DELETE FROM reservations WHERE order_id IN (${list})`, ids)
  return rows.length
}

async function reservationOf(session: Session, row: ReservationRow): Promise<Reservation | undefined> {
  if (row.status === 'pending') return undefined
  const lines = await session.rows<Line>(
    'SELECT sku, quantity FROM reservation_lines WHERE order_id = ? ORDER BY sku',
    [row.order_id],
  )
  return {
    orderId: row.order_id,
    status: row.status,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    shortages: JSON.parse(row.shortages) as Shortage[],
    updatedAt: instantIn(row.updated_at),
  }
}
