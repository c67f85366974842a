import type { Consumer } from '@platformatic/kafka'

export type TopicRecord = {
  topic: string
  partition: number
  offset: bigint
  /** Null: a tombstone. */
  value: Buffer | null
  headers: ReadonlyMap<string, string>
}

/** One topic, with the oldest record of each partition at hand. */
export type TopicReader = {
  topic: string
  /** The oldest record of each partition that has arrived and is not taken. */
  heads(): TopicRecord[]
  take(head: TopicRecord): void
  /** Resolves when one more record has arrived; throws when the broker is lost. */
  arrival(): Promise<void>
  /** Offset of the next record to read, by partition. */
  next(): readonly bigint[]
  /** Ends the stream; whoever waits is told. */
  close(): void
}

/** Records at hand at which the topic rests until somebody waits for one more. */
const restAt = 2_000

/** @param offsets where to begin, by partition */
export async function openTopic(
  consumer: Consumer,
  topic: string,
  offsets: readonly bigint[],
): Promise<TopicReader> {
  const queues: TopicRecord[][] = offsets.map(() => [])
  const next = [...offsets]
  let atHand = 0
  let failure: unknown
  let arrived: (() => void)[] = []
  let wanted: (() => void) | undefined
  let closed = false

  const stream = await consumer.consume({
    topics: [topic],
    mode: 'manual',
    fallbackMode: 'fail',
    offsets: offsets.map((offset, partition) => ({ topic, partition, offset })),
    autocommit: false,
    isolationLevel: 1,
    minBytes: 1,
    maxWaitTime: 500,
  })
  const tell = () => {
    const told = arrived
    arrived = []
    for (const each of told) each()
  }
  const pump = async () => {
    try {
      for await (const message of stream) {
        const headers = new Map([...message.headers].map(([key, value]) => [String(key), String(value)]))
        const { partition, offset, value } = message
        queues[partition]!.push({ topic, partition, offset, value: value ?? null, headers })
        atHand++
        tell()
        if (closed) break
        if (atHand >= restAt && arrived.length === 0) await new Promise<void>(resolve => (wanted = resolve))
      }
      failure = new Error(`the stream of ${topic} ended`)
    } catch (error) {
      failure = error
    }
    tell()
  }
  void pump()

  const goOn = () => {
    wanted?.()
    wanted = undefined
  }
  return {
    topic,
    heads: () => queues.flatMap(queue => queue[0] ?? []),
    take(head) {
      const queue = queues[head.partition]!
      if (queue[0] !== head) throw new Error(`not the head of ${topic}/${head.partition}`)
      queue.shift()
      next[head.partition] = head.offset + 1n
      atHand--
      if (atHand < restAt / 2) goOn()
    },
    async arrival() {
      if (failure === undefined) {
        goOn()
        await new Promise<void>(resolve => arrived.push(resolve))
      }
      if (failure !== undefined) throw failure
    },
    next: () => next,
    close() {
      closed = true
      failure ??= new Error(`the stream of ${topic} was closed`)
      tell()
      goOn()
      stream.destroy()
    },
  }
}
