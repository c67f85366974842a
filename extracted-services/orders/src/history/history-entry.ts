import type { Message } from '@strangler/chassis/messaging/message.ts'
import { messageInvalid } from '@strangler/chassis/messaging/message-invalid.ts'
import { z } from 'zod'

/** A message as the history keeps it. */
export type HistoryInput = { topic: string; orderId: string; type: string; payload: unknown }

/** What an input says about an order; what it doesn't name stays as it is. */
export type HistoryChange = {
  /** Of the order; only events of the order itself have one. */
  version?: number
  customerId?: number
  status?: string
  reason?: string
  lines?: string
  total?: string
  placedAt?: string
  credit?: string
  stock?: string
}

const ofOrder = z.looseObject({
  orderId: z.string(),
  version: z.int().min(1),
  at: z.iso.datetime(),
  customerId: z.int().optional(),
  lines: z.array(z.looseObject({ sku: z.string(), quantity: z.int() })).optional(),
  total: z.string().optional(),
  reason: z.looseObject({ code: z.string() }).optional(),
})
const statuses: Readonly<Record<string, string>> = {
  OrderPlaced: 'PENDING',
  OrderConfirmed: 'CONFIRMED',
  OrderCancelRequested: 'CANCELING',
  OrderCanceled: 'CANCELED',
}
/** Events of customers and catalog that are about an order, which is what their `orderId` names. */
const aboutCredit: Readonly<Record<string, string>> = {
  CreditReserved: 'reserved',
  CreditRefused: 'refused',
  CreditReleased: 'released',
}
const aboutStock: Readonly<Record<string, string>> = {
  StockReserved: 'reserved',
  StockRefused: 'refused',
  StockReleased: 'released',
}
const named = z.looseObject({ orderId: z.string() })

/**
 * The message as an input, undefined when the history has no use for it.
 * @throws ToolkitError MESSAGE_INVALID
 */
export function inputOf({ topic, type, payload }: Message): HistoryInput | undefined {
  const known = [statuses, aboutCredit, aboutStock].some(types => types[type] !== undefined)
  if (!known) return undefined
  const parsed = (statuses[type] === undefined ? named : ofOrder).safeParse(payload)
  if (!parsed.success) throw messageInvalid(`${type}: ${z.prettifyError(parsed.error)}`)
  return { topic, type, orderId: parsed.data.orderId, payload }
}

/** Readers are tolerant: members that this build doesn't know are passed over. */
export function changeOf({ type, payload }: HistoryInput): HistoryChange {
  const status = statuses[type]
  if (status !== undefined) {
    const { version, customerId, lines, total, reason, at } = ofOrder.parse(payload)
    return {
      version,
      status,
      ...(type === 'OrderPlaced' ? { placedAt: at } : {}),
      ...(customerId === undefined ? {} : { customerId }),
      ...(lines === undefined ? {} : { lines: JSON.stringify(lines) }),
      ...(total === undefined ? {} : { total }),
      ...(reason === undefined ? {} : { reason: reason.code }),
    }
  }
  const [credit, stock] = [aboutCredit[type], aboutStock[type]]
  return { ...(credit === undefined ? {} : { credit }), ...(stock === undefined ? {} : { stock }) }
}
