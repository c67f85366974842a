export type Line = { readonly sku: string; readonly quantity: number }

/** A line that can't be had, and what could be had of it. */
export type Shortage = {
  readonly sku: string
  readonly requested: number
  readonly available: number
  readonly reason: 'OUT_OF_STOCK' | 'NOT_FOR_SALE'
}

/**
 * What became of an order's wish for stock. `reserved` and `refused` are where it begins; `reserved` goes on to
 * `committed` or `released`. A release that comes before the wish is `released` without lines, and stays.
 */
export type ReservationStatus = 'reserved' | 'refused' | 'committed' | 'released'

export type Reservation = {
  readonly orderId: string
  readonly status: ReservationStatus
  /** In the order of their SKUs, each once. */
  readonly lines: readonly Line[]
  /** Why it was refused; empty unless it was. */
  readonly shortages: readonly Shortage[]
  readonly updatedAt: string
}

export type ReservationCommand =
  | { type: 'reserve'; lines: readonly Line[] }
  | { type: 'release' }
  | { type: 'commit' }

export type Conflict = 'NOT_FOUND' | 'DIFFERS' | 'REFUSED' | 'COMMITTED' | 'RELEASED'

/** What a command comes to: an act, none because it has been done before, or a conflict with what was done. */
export type Verdict =
  | { kind: 'take'; lines: readonly Line[] }
  | { kind: 'give-back'; lines: readonly Line[] }
  | { kind: 'commit' }
  | { kind: 'done' }
  | { kind: 'conflict'; conflict: Conflict }

/** An order has one wish: whatever it came to the first time, a repetition comes to. */
export function decide(current: Reservation | undefined, command: ReservationCommand): Verdict {
  switch (command.type) {
    case 'reserve':
      return decideReserve(current, command.lines)
    case 'release':
      return decideRelease(current)
    case 'commit':
      return decideCommit(current)
    default: {
      const never: never = command
      return never
    }
  }
}

function decideReserve(current: Reservation | undefined, lines: readonly Line[]): Verdict {
  if (current === undefined) return { kind: 'take', lines }
  if (current.status === 'released') return conflict('RELEASED')
  return sameLines(current.lines, lines) ? { kind: 'done' } : conflict('DIFFERS')
}

function decideRelease(current: Reservation | undefined): Verdict {
  // The tombstone: whoever releases has given the order up, so a reservation on its way is not wanted any more.
  if (current === undefined) return { kind: 'give-back', lines: [] }
  if (current.status === 'reserved') return { kind: 'give-back', lines: current.lines }
  return current.status === 'committed' ? conflict('COMMITTED') : { kind: 'done' }
}

function decideCommit(current: Reservation | undefined): Verdict {
  if (current === undefined) return conflict('NOT_FOUND')
  if (current.status === 'reserved') return { kind: 'commit' }
  if (current.status === 'committed') return { kind: 'done' }
  return conflict(current.status === 'refused' ? 'REFUSED' : 'RELEASED')
}

function conflict(name: Conflict): Verdict {
  return { kind: 'conflict', conflict: name }
}

/** Lines of the same SKU made one, in the order of the SKUs: everybody locks stock in this order. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  return [...quantities]
    .map(([sku, quantity]) => ({ sku, quantity }))
    .sort((a, b) => (a.sku < b.sku ? -1 : 1))
}

function sameLines(some: readonly Line[], others: readonly Line[]): boolean {
  return (
    some.length === others.length &&
    some.every((line, index) => line.sku === others[index]?.sku && line.quantity === others[index].quantity)
  )
}
