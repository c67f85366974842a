import { randomUUID } from 'node:crypto'
import { childSpan, formatTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import type { Message } from './message.ts'

/**
 * What a message is for. An event says what has happened, is named in the past tense (`OrderPlaced`) and expects
 * nothing. A command asks one receiver to act and is named by the act (`ReserveStock`). A document is the state of
 * something, named by it (`Customer`): whoever reads the last one needs no other.
 */
export type MessageKind = 'event' | 'command' | 'document'

export type NewMessage = {
  kind: MessageKind
  topic: string
  key: string
  type: string
  payload: unknown
  /** The span that the message comes from. */
  trace?: TraceContext | undefined
}

const plurals: Readonly<Record<MessageKind, string>> = {
  event: 'events',
  command: 'commands',
  document: 'documents',
}

/** Where a capability's messages of a kind are: `orders-events`. Each has a topic of its own. */
export function topicName(capability: string, kind: MessageKind): string {
  return `${capability}-${plurals[kind]}`
}

/** Where one process hears its replies: `orders-replies-1`. The instance keeps its name when it starts again. */
export function replyTopicName(capability: string, instance: string): string {
  return `${capability}-replies-${instance}`
}

/** A message with an id of its own. What is done with it are spans below `trace`, or a trace of its own. */
export function composeMessage(
  { kind, topic, key, type, payload, trace }: NewMessage,
  headers: Readonly<Record<string, string>> = {},
): Message {
  const traceparent = formatTraceparent(trace ?? childSpan(undefined))
  return { id: randomUUID(), topic, key, type, headers: { kind, traceparent, ...headers }, payload }
}
