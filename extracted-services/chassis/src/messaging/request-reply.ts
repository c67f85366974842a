import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { parseTraceparent } from '@strangler/kit/trace-context.ts'
import type { Pool } from 'mysql2/promise'
import type { Session } from '../database/with-transaction.ts'
import { processOnce } from '../inbox/process-once.ts'
import { writeToOutbox } from '../outbox/outbox.ts'
import { composeMessage } from './compose-message.ts'
import type { Message } from './message.ts'
import { messageInvalid } from './message-invalid.ts'
import type { Messaging } from './messaging.ts'

export type RequesterParts = {
  messaging: Messaging
  /** Puts a request into the outbox. */
  send(request: Message): Promise<void>
  /** Of this process alone, see `replyTopicName`. */
  replyTopic: string
  clock: Clock
  /** Requests that may wait for their replies; the next one is refused. */
  most?: number
}

export type Requester = {
  /**
   * Sends a command and waits for its reply.
   * @throws ToolkitError REPLY_MISSING after `withinMs`: whether the command was carried out is unknown then;
   * REQUESTS_FULL, nothing was sent then
   */
  request(command: Message, withinMs: number): Promise<Message>
  /**
   * Sends an event and gathers the replies of whoever cares, until there are `most` or the time is over.
   * @throws ToolkitError REQUESTS_FULL
   */
  gather(event: Message, withinMs: number, most: number): Promise<Message[]>
  /** Replies that came when nobody waited for them any more. */
  lateReplies(): number
  close(): Promise<void>
}

type Waiting = { replies: Message[]; most: number; done(): void }

/** Request and reply over a broker. Who waits is remembered in this process only: a saga is what survives a restart. */
export async function createRequester(parts: RequesterParts): Promise<Requester> {
  const { messaging, send, replyTopic, clock, most: mostWaiting = 1_000 } = parts
  const waiting = new Map<string, Waiting>()
  let late = 0
  await messaging.createTopic(replyTopic, 1)
  const subscription = messaging.subscribe({
    group: replyTopic,
    topics: [replyTopic],
    handle: async ({ message }) => {
      const request = waiting.get(message.headers['correlation-id'] ?? '')
      if (request === undefined) {
        late++
        return
      }
      // Delivery is at least once; a repetition is not one more answer.
      if (request.replies.some(({ id }) => id === message.id)) return
      request.replies.push(message)
      if (request.replies.length >= request.most) request.done()
    },
  })

  async function gather(message: Message, withinMs: number, most: number): Promise<Message[]> {
    if (waiting.size >= mostWaiting)
      throw new ToolkitError('REQUESTS_FULL', `${waiting.size} requests wait for their replies`, {
        hint: 'send fewer at once, or find out why replies are slow',
        details: { waiting: waiting.size, limit: mostWaiting },
      })
    const { promise, resolve } = Promise.withResolvers<void>()
    const over = new AbortController()
    const request: Waiting = { replies: [], most, done: resolve }
    waiting.set(message.id, request)
    try {
      const deadline = new Date(clock.now() + withinMs).toISOString()
      const headers = { ...message.headers, 'reply-to': replyTopic, deadline }
      await send({ ...message, headers })
      await Promise.race([promise, clock.sleep(withinMs, over.signal).catch(() => {})])
      return request.replies
    } finally {
      over.abort()
      waiting.delete(message.id)
    }
  }

  return {
    gather,
    request: async (command, withinMs) => {
      const [reply] = await gather(command, withinMs, 1)
      if (reply !== undefined) return reply
      throw new ToolkitError('REPLY_MISSING', `${command.type} was not answered within ${withinMs} ms`, {
        hint: 'whether it was carried out is unknown: send it again with the same id',
        details: { type: command.type, id: command.id, withinMs },
      })
    },
    lateReplies: () => late,
    close: () => subscription.close(),
  }
}

export type ReplierParts = {
  /** The replier's schema: its outbox and inbox. */
  pool: Pool
  consumer: string
  clock: Clock
  /** Where replies may go. A name that nobody made would keep the whole outbox waiting. */
  replyTopics: readonly string[]
}

/**
 * Acts on a request once and replies with what `work` resolves to, in one transaction. A request whose deadline is
 * over is passed over, since nobody waits for it; one without `reply-to` is a one-way notification, acted on without a
 * reply.
 * @throws ToolkitError MESSAGE_INVALID when the reply may not go where the request says
 */
export async function replyOnce(
  { pool, consumer, clock, replyTopics }: ReplierParts,
  request: Message,
  type: string,
  work: (session: Session) => Promise<unknown>,
): Promise<boolean> {
  const { 'reply-to': topic, deadline, traceparent } = request.headers
  if (topic !== undefined && !replyTopics.includes(topic))
    throw messageInvalid(`${request.type} wants its reply in ${topic}, which is no topic for replies`)
  if (deadline !== undefined && clock.now() >= Date.parse(deadline)) return false
  return processOnce(pool, consumer, request.id, clock.now(), async session => {
    const payload = await work(session)
    if (topic === undefined) return
    const trace = parseTraceparent(traceparent)
    const reply = composeMessage(
      { kind: 'document', topic, key: request.id, type, payload, trace },
      { 'correlation-id': request.id },
    )
    await writeToOutbox(session, [reply], clock.now())
  })
}
