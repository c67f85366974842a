import { amountOf, centsOf } from '@strangler/chassis/values/amount.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type Line = { readonly sku: string; readonly quantity: number }
export type PricedLine = Line & { readonly unitPrice: string }

/** Why an order was canceled: a stable code, and what it was about. */
export type CancelReason = { readonly code: string; readonly details?: Readonly<Record<string, unknown>> }

/** `at` is ISO 8601 in UTC. */
export type OrderEvent =
  | { type: 'OrderPlaced'; data: { customerId: number; lines: readonly Line[]; at: string } }
  | { type: 'OrderConfirmed'; data: { lines: readonly PricedLine[]; total: string; at: string } }
  | { type: 'OrderCancelRequested'; data: { at: string } }
  | { type: 'OrderCanceled'; data: { reason: CancelReason; at: string } }

/**
 * PENDING until credit and stock are known, then CONFIRMED or CANCELED. CANCELING is an order that was confirmed and
 * whose stock and credit are on their way back.
 */
export type OrderStatus = 'PENDING' | 'CONFIRMED' | 'CANCELING' | 'CANCELED'

export type Order = {
  readonly status: OrderStatus
  readonly customerId: number
  /** With prices once it is confirmed. */
  readonly lines: readonly (Line | PricedLine)[]
  readonly total: string | null
  readonly reason: CancelReason | null
  readonly placedAt: string
  readonly updatedAt: string
}

/** Null is an order that was never placed. */
export type OrderState = Order | null

export type OrderCommand =
  | { type: 'place'; customerId: number; lines: readonly Line[] }
  | { type: 'confirm'; lines: readonly PricedLine[] }
  | { type: 'request-cancel' }
  | { type: 'cancel'; reason: CancelReason }

/**
 * What a command makes happen; nothing when it has happened before.
 * @throws ToolkitError ORDER_NOT_FOUND, ORDER_PENDING, ORDER_CANCELED, ORDER_CONFIRMED
 */
export function decide(state: OrderState, command: OrderCommand, at: string): readonly OrderEvent[] {
  if (command.type === 'place') {
    if (state !== null) return []
    const { customerId, lines } = command
    return [{ type: 'OrderPlaced', data: { customerId, lines, at } }]
  }
  if (state === null) throw new ToolkitError('ORDER_NOT_FOUND', 'there is no such order')
  switch (command.type) {
    case 'confirm':
      if (state.status === 'CONFIRMED') return []
      if (state.status !== 'PENDING') throw refusal('ORDER_CANCELED', 'the order is canceled')
      return [{ type: 'OrderConfirmed', data: { lines: command.lines, total: totalOf(command.lines), at } }]
    case 'request-cancel':
      if (state.status === 'CANCELED' || state.status === 'CANCELING') return []
      // The semantic lock: whoever placed the order is still at it, and what it comes to decides what canceling means.
      if (state.status === 'PENDING') throw refusal('ORDER_PENDING', 'the order is not decided yet')
      return [{ type: 'OrderCancelRequested', data: { at } }]
    case 'cancel':
      if (state.status === 'CANCELED') return []
      if (state.status === 'CONFIRMED') throw refusal('ORDER_CONFIRMED', 'the order is confirmed')
      return [{ type: 'OrderCanceled', data: { reason: command.reason, at } }]
    default: {
      const never: never = command
      return never
    }
  }
}

export function evolve(state: OrderState, event: OrderEvent): OrderState {
  if (event.type === 'OrderPlaced') {
    const { customerId, lines, at } = event.data
    return {
      status: 'PENDING',
      customerId,
      lines,
      total: null,
      reason: null,
      placedAt: at,
      updatedAt: at,
    }
  }
  if (state === null) return null
  const updatedAt = event.data.at
  switch (event.type) {
    case 'OrderConfirmed':
      return {
        ...state,
        status: 'CONFIRMED',
        lines: event.data.lines,
        total: event.data.total,
        updatedAt,
      }
    case 'OrderCancelRequested':
      return { ...state, status: 'CANCELING', updatedAt }
    case 'OrderCanceled':
      return { ...state, status: 'CANCELED', reason: event.data.reason, updatedAt }
    default: {
      const never: never = event
      return never
    }
  }
}

export function totalOf(lines: readonly PricedLine[]): string {
  return amountOf(
    lines.reduce((sum, { quantity, unitPrice }) => sum + BigInt(quantity) * centsOf(unitPrice), 0n),
  )
}

function refusal(code: string, message: string): ToolkitError {
  return new ToolkitError(code, message)
}
