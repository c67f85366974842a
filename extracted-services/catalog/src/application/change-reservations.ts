import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import {
  type Conflict,
  decide,
  type Line,
  mergeLines,
  type Reservation,
  type Shortage,
} from '../domain/reservation.ts'
import type { CatalogWriter } from './catalog-repository.ts'

/**
 * Takes stock for an order: all lines, or none of them. What it came to is remembered, refusals too, so that a
 * repetition that arrives late can't take stock for an order that its caller has given up.
 * @returns the reservation, which may be refused, and whether this call made it
 * @throws ToolkitError RESERVATION_RELEASED, RESERVATION_DIFFERS
 */
export async function reserve(
  writer: CatalogWriter,
  orderId: string,
  wanted: readonly Line[],
  at: string,
): Promise<{ reservation: Reservation; made: boolean }> {
  const lines = mergeLines(wanted)
  const current = await writer.lockReservation(orderId)
  const verdict = decide(current, { type: 'reserve', lines })
  if (verdict.kind === 'conflict') throw conflictOf(orderId, verdict.conflict)
  if (current !== undefined) return { reservation: current, made: false }

  const shortages = await takeAll(writer, lines, at)
  const status = shortages.length === 0 ? 'reserved' : 'refused'
  const reservation: Reservation = { orderId, status, lines, shortages, updatedAt: at }
  await writer.saveReservation(reservation)
  await writer.publish(
    status === 'reserved'
      ? { type: 'StockReserved', data: { orderId, lines, at } }
      : { type: 'StockRefused', data: { orderId, shortages, at } },
  )
  return { reservation, made: true }
}

/**
 * Gives an order's stock back; for an order that has none yet, makes sure that it never gets any.
 * @throws ToolkitError RESERVATION_COMMITTED
 */
export async function release(writer: CatalogWriter, orderId: string, at: string): Promise<Reservation> {
  const current = await writer.lockReservation(orderId)
  const verdict = decide(current, { type: 'release' })
  if (verdict.kind === 'conflict') throw conflictOf(orderId, verdict.conflict)
  if (verdict.kind !== 'give-back') return current!

  const { lines } = verdict
  for (const { sku, quantity } of lines) await writer.addStock(sku, quantity, at)
  const released: Reservation = { orderId, status: 'released', lines, shortages: [], updatedAt: at }
  await writer.saveReservation(released)
  await writer.publish({ type: 'StockReleased', data: { orderId, lines, at } })
  return released
}

/**
 * Makes a reservation final: it can't be released any more.
 * @throws ToolkitError RESERVATION_NOT_FOUND, RESERVATION_RELEASED, OUT_OF_STOCK
 */
export async function commit(writer: CatalogWriter, orderId: string, at: string): Promise<Reservation> {
  const current = await writer.lockReservation(orderId)
  const verdict = decide(current, { type: 'commit' })
  if (verdict.kind === 'conflict') throw conflictOf(orderId, verdict.conflict, current?.shortages)
  if (verdict.kind !== 'commit') return current!

  const committed: Reservation = { ...current!, status: 'committed', updatedAt: at }
  await writer.saveReservation(committed)
  return committed
}

export function reservationNotFound(orderId: string): ToolkitError {
  return conflictOf(orderId, 'NOT_FOUND')
}

export function outOfStock({ orderId, shortages }: Reservation): ToolkitError {
  return conflictOf(orderId, 'REFUSED', shortages)
}

/** Takes every line, in the order of the SKUs; gives everything back when one can't be had. */
async function takeAll(writer: CatalogWriter, lines: readonly Line[], at: string): Promise<Shortage[]> {
  const forSale = await writer.forSale(lines.map(line => line.sku))
  const taken: Line[] = []
  const shortages: Shortage[] = []
  for (const line of lines) {
    const shortage = forSale.has(line.sku) ? await take(writer, line, at) : notForSale(line)
    if (shortage === undefined) taken.push(line)
    else shortages.push(shortage)
  }
  if (shortages.length > 0) for (const { sku, quantity } of taken) await writer.addStock(sku, quantity, at)
  return shortages
}

async function take(
  writer: CatalogWriter,
  { sku, quantity }: Line,
  at: string,
): Promise<Shortage | undefined> {
  if (await writer.takeStock(sku, quantity, at)) return undefined
  // Some may have come back since: under the lock it is either taken, or said truly how much there is.
  const available = await writer.lockStock(sku)
  if (available === undefined) return notForSale({ sku, quantity })
  if (await writer.takeStock(sku, quantity, at)) return undefined
  return { sku, requested: quantity, available, reason: 'OUT_OF_STOCK' }
}

function notForSale({ sku, quantity }: Line): Shortage {
  return { sku, requested: quantity, available: 0, reason: 'NOT_FOR_SALE' }
}

function conflictOf(orderId: string, conflict: Conflict, shortages: readonly Shortage[] = []): ToolkitError {
  const details = { orderId, shortages }
  switch (conflict) {
    case 'NOT_FOUND':
      return new ToolkitError('RESERVATION_NOT_FOUND', `order ${orderId} has no reservation`, { details })
    case 'DIFFERS':
      return new ToolkitError('RESERVATION_DIFFERS', `order ${orderId} has reserved other lines`, { details })
    case 'REFUSED':
      return new ToolkitError('OUT_OF_STOCK', `order ${orderId} can't have ${namesOf(shortages)}`, {
        details,
      })
    case 'COMMITTED':
      return new ToolkitError('RESERVATION_COMMITTED', `the reservation of order ${orderId} is committed`, {
        details,
      })
    case 'RELEASED':
      return new ToolkitError('RESERVATION_RELEASED', `the reservation of order ${orderId} is released`, {
        details,
      })
    default: {
      const never: never = conflict
      return never
    }
  }
}

function namesOf(shortages: readonly Shortage[]): string {
  return shortages
    .map(({ sku, requested, available }) => `${requested} of ${sku} (${available} there)`)
    .join(', ')
}
