import { encodeMessage, type Message } from './message.ts'

/** A message as outbox and log both keep it. */
export type MessageRow = {
  message_id: string
  topic: string
  message_key: string
  type: string
  headers: string
  payload: string
}

export const messageColumns = 'message_id, topic, message_key, type, headers, payload'

/**
 * Values of `messageColumns`.
 * @throws ToolkitError MESSAGE_TOO_LARGE
 */
export function valuesOfMessage(message: Message): string[] {
  const { headers, payload } = encodeMessage(message)
  return [message.id, message.topic, message.key, message.type, headers, payload]
}

export function messageOfRow(row: MessageRow): Message {
  return {
    id: row.message_id,
    topic: row.topic,
    key: row.message_key,
    type: row.type,
    headers: JSON.parse(row.headers) as Record<string, string>,
    payload: JSON.parse(row.payload) as unknown,
  }
}
