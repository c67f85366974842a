import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { childSpan, formatTraceparent, parseTraceparent } from '@strangler/kit/trace-context.ts'
import { spanLine } from '../telemetry/span-line.ts'
import type { Delivery } from './messaging.ts'

/**
 * Handles a message in a span below the one that it comes from, and tells of it in a log line. What the handler does in
 * its turn is below that span, since the message says so when it is handed over.
 */
export async function inSpan(
  group: string,
  { clock, log }: { clock: Clock; log: Log },
  delivery: Delivery,
  handle: (delivery: Delivery) => Promise<void>,
): Promise<void> {
  const { message } = delivery
  const parent = parseTraceparent(message.headers.traceparent)
  if (parent === undefined) return handle(delivery)
  const span = childSpan(parent)
  const headers = { ...message.headers, traceparent: formatTraceparent(span) }
  const began = clock.elapsed()
  const tell = (outcome: object) => {
    const line = spanLine('consume', `${message.type} → ${group}`, span, parent, clock.elapsed() - began)
    log.info({ ...line, id: message.id, ...outcome }, 'consumed')
  }
  try {
    await handle({ ...delivery, message: { ...message, headers } })
    tell({})
  } catch (error) {
    tell({ failed: messageOf(error) })
    throw error
  }
}
