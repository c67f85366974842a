import type { TopicReader, TopicRecord } from '../src/cdc/topic-reader.ts'

type Sent = { value: string | null; headers: Readonly<Record<string, string>> }

/** A topic of one partition whose records are all there. */
export function recordsAsTopic(topic: string, sent: readonly Sent[]): TopicReader {
  const records: TopicRecord[] = sent.map(({ value, headers }, index) => ({
    topic,
    partition: 0,
    offset: BigInt(index),
    value: value === null ? null : Buffer.from(value),
    headers: new Map(Object.entries(headers)),
  }))
  let next = 0
  return {
    topic,
    heads: () => records.slice(next, next + 1),
    take: () => {
      next++
    },
    arrival: async () => {
      throw new Error(`${topic} has no more`)
    },
    next: () => [BigInt(next)],
    close: () => {},
  }
}
