import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** What one part tells another: an event, a command or a document. It is delivered at least once. */
export type Message = {
  /** The same in every delivery: consumers tell repetitions by it. */
  readonly id: string
  readonly topic: string
  /** Messages of one topic and key arrive in the order in which they were published. */
  readonly key: string
  /** What it is, for example `customer-suspended`. */
  readonly type: string
  /** Trace and correlation, never data that the payload's reader needs. */
  readonly headers: Readonly<Record<string, string>>
  readonly payload: unknown
}

/** The type of what was in a topic and is no message; its payload is the text that was there. */
export const undecodable = 'Undecodable'

/** Brokers commonly refuse more than 1 MB for a message with all that belongs to it. */
export const largestMessage = 900_000

/**
 * Headers and payload as the text that is stored.
 * @throws ToolkitError MESSAGE_TOO_LARGE over 900000 bytes
 */
export function encodeMessage(message: Message): { headers: string; payload: string } {
  const headers = JSON.stringify(message.headers)
  const payload = JSON.stringify(message.payload ?? null)
  const bytes = Buffer.byteLength(headers) + Buffer.byteLength(payload)
  if (bytes <= largestMessage) return { headers, payload }
  throw new ToolkitError(
    'MESSAGE_TOO_LARGE',
    `message ${message.type} has ${bytes} bytes, over ${largestMessage}`,
    {
      hint: 'send a reference to the document instead of the document',
      details: { topic: message.topic, type: message.type, bytes, limit: largestMessage },
    },
  )
}
