import { createHash } from 'node:crypto'
import { encodeMessage, type Message, undecodable } from '../messaging/message.ts'

/** A record as the client takes it, with text for everything. */
export type KafkaRecord = {
  topic: string
  key: string
  value: string
  headers: Record<string, string>
}

type ReceivedRecord = {
  topic: string
  partition: number
  offset: bigint
  key: string | undefined
  value: string | undefined
  headers: ReadonlyMap<string, string>
}

/** Where a message keeps its id and type; all other headers are its own. */
const [idHeader, typeHeader] = ['message-id', 'message-type']

/** @throws ToolkitError MESSAGE_TOO_LARGE */
export function recordOfMessage(message: Message): KafkaRecord {
  const { payload } = encodeMessage(message)
  const { topic, key, headers, id, type } = message
  return { topic, key, value: payload, headers: { ...headers, [idHeader]: id, [typeHeader]: type } }
}

/** Whatever was in the topic: a record that is no message of ours becomes one of type `Undecodable`. */
export function messageOfRecord(record: ReceivedRecord): Message {
  const { topic, key = '', value = '' } = record
  const { [idHeader]: id, [typeHeader]: type, ...headers } = Object.fromEntries(record.headers)
  try {
    if (id === undefined || type === undefined) throw new Error('a header is missing')
    return { id, topic, key, type, headers, payload: JSON.parse(value) as unknown }
  } catch {
    return { id: idOf(record), topic, key, type: undecodable, headers, payload: value }
  }
}

/** The same for every delivery of the record, in the form of a UUID. */
function idOf({ topic, partition, offset }: ReceivedRecord): string {
  const hash = createHash('sha256').update(`${topic}/${partition}/${offset}`).digest('hex')
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}
