import type { Message } from './message.ts'

/** One handing over of a message; there may be more than one of the same message. */
export type Delivery = {
  readonly message: Message
  readonly partition: number
  readonly offset: number
  /** 1 for the first try of this process, growing while the handler fails. */
  readonly attempt: number
}

export type Consumer = {
  /** Every group gets every message; within a group one member does. A new group begins with the oldest message. */
  group: string
  topics: readonly string[]
  /**
   * Acts on a message. Resolve when its effects are durable: it isn't delivered again then, unless this process is
   * killed soon after. When it throws, the same message is delivered again after a pause, and those behind it in its
   * partition wait. Messages of one partition are handled one after the other, those of different ones at the same time.
   */
  handle(delivery: Delivery): Promise<void>
}

/** A broker: durable topics, delivery at least once, order within a key. */
export type Messaging = {
  /**
   * Makes sure that a topic is there; several may do so at once.
   * @throws ToolkitError TOPIC_DIFFERS when it has another number of partitions: keys would change theirs; TOPIC_UNKNOWN
   * when the broker does not make it
   */
  createTopic(topic: string, partitions: number): Promise<void>
  /**
   * Resolves when all messages are durable. Messages of one key keep their order.
   * @throws ToolkitError TOPIC_UNKNOWN, MESSAGE_TOO_LARGE; nothing of the batch is published then
   */
  publish(messages: readonly Message[]): Promise<void>
  /** Joins a group, with a new member of its own, and consumes until closed. */
  subscribe(consumer: Consumer): Subscription
  /** How many messages of the topics a group has not handled yet; a moment old, as everything about others is. */
  behind(group: string, topics: readonly string[]): Promise<number>
}

export type Subscription = {
  /** Ends what is in hand, lets the other members take over, and leaves the group. */
  close(): Promise<void>
}
