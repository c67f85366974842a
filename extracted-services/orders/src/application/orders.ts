import type { AuditEntry } from '@strangler/chassis/event-store/event-store.ts'
import type { Answer, IdempotencyStore } from '@strangler/chassis/idempotency/answer-once.ts'
import type { Line, OrderState } from '../domain/order.ts'
import type { HistoryEntry, HistoryQuery } from '../history/order-history.ts'

export type Placing = { orderId: string; customerId: number; lines: readonly Line[] }

/** Whose request it is, for the audit and the trace. */
export type RequestOrigin = { actor: string; traceparent: string }

export type VersionedOrder = { state: OrderState; version: number }

/** What can be done with orders. */
export type Orders = {
  find(orderId: string): Promise<VersionedOrder>
  /** Runs `work` in one transaction, in which the answer is remembered by its key too. */
  place(
    placing: Placing,
    origin: RequestOrigin,
    answer: (idempotency: IdempotencyStore, place: () => Promise<VersionedOrder>) => Promise<Answer>,
    options: { rehearsal: boolean },
  ): Promise<Answer>
  /** @throws ToolkitError ORDER_NOT_FOUND, ORDER_PENDING */
  requestCancel(
    orderId: string,
    origin: RequestOrigin,
    options: { rehearsal: boolean },
  ): Promise<VersionedOrder>
  /** Resolves when the order may have changed, after `ms` at the latest. */
  awaitChange(orderId: string, ms: number): Promise<void>
  audit(orderId: string): Promise<AuditEntry[]>
  history(query: HistoryQuery): Promise<HistoryEntry[]>
  /** The version of the order that the history has come to. */
  historyVersion(orderId: string): Promise<number>
}
