import {
  type Consumer as KafkaConsumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  type Message as Received,
} from '@platformatic/kafka'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Consumer, Subscription } from '../messaging/messaging.ts'
import { messageOfRecord } from './kafka-record.ts'

type Records = KafkaConsumer<string, string, string, string>
type Record = Received<string, string, string, string>

/** A partition in hand. `next` is the offset behind the last one handled, `committed` what the broker knows of that. */
type InHand = {
  topic: string
  partition: number
  waiting: Record[]
  next: bigint | undefined
  queued: bigint
  committed: bigint | undefined
  leaderEpoch: number
  draining: Promise<void> | undefined
  lost: boolean
}

const mostWaiting = 500
const commitEveryMs = 200
const longestPauseMs = 30_000

/**
 * One member of a group. Each partition is handled one record after the other, all of them at the same time; what is
 * committed is the offset behind those handled without a gap. A partition that goes to another member is dropped
 * with what waits of it; a record in hand then is handled by both.
 */
export function consumeKafka(
  records: Records,
  consumer: Consumer,
  { clock, log }: { clock: Clock; log: Log },
): Subscription {
  const stop = new AbortController()
  const partitions = new Map<string, InHand>()
  const waiting = () => [...partitions.values()].reduce((sum, inHand) => sum + inHand.waiting.length, 0)

  records.on('consumer:group:join', () => {
    const mine = new Set(
      (records.assignments ?? []).flatMap(({ topic, partitions: numbers }) =>
        numbers.map(number => `${topic}/${number}`),
      ),
    )
    for (const [name, inHand] of partitions)
      if (!mine.has(name)) {
        inHand.lost = true
        inHand.waiting.length = 0
        partitions.delete(name)
      }
  })
  records.on('consumer:heartbeat:stalled', ({ stalledFor }) =>
    log.warn({ group: consumer.group, stalledFor }, 'no heartbeat'),
  )

  async function drain(inHand: InHand): Promise<void> {
    let attempt = 1
    for (
      let record = inHand.waiting[0];
      record !== undefined && mayGoOn(inHand);
      record = inHand.waiting[0]
    ) {
      try {
        const { partition, offset } = record
        const message = messageOfRecord(record)
        await consumer.handle({ message, partition, offset: Number(offset), attempt })
        if (inHand.lost) return
        inHand.waiting.shift()
        inHand.next = offset + 1n
        inHand.leaderEpoch = record.leaderEpoch
        attempt = 1
      } catch (error) {
        const { topic, partition } = inHand
        log.warn({ topic, partition, attempt, error: messageOf(error) }, 'message not handled')
        const pause = Math.min(100 * 2 ** Math.min(attempt - 1, 10), longestPauseMs)
        attempt++
        await clock.sleep(pause, stop.signal).catch(() => {})
      }
    }
  }

  function mayGoOn(inHand: InHand): boolean {
    return !stop.signal.aborted && !inHand.lost
  }

  function take(record: Record): void {
    const { topic, partition, offset } = record
    const name = `${topic}/${partition}`
    const inHand = partitions.get(name) ?? newInHand(topic, partition)
    partitions.set(name, inHand)
    // After a rebalance the stream begins again behind the last commit: what is in hand already stays there.
    if (offset < inHand.queued) return
    inHand.queued = offset + 1n
    inHand.waiting.push(record)
    start(inHand)
  }

  function start(inHand: InHand): void {
    if (inHand.draining !== undefined || inHand.waiting.length === 0 || !mayGoOn(inHand)) return
    inHand.draining = drain(inHand).finally(() => {
      inHand.draining = undefined
      start(inHand)
    })
  }

  async function commit(): Promise<void> {
    const due = [...partitions.values()].filter(({ next, committed }) => next !== committed)
    if (due.length === 0) return
    const offsets = due.map(({ topic, partition, next, leaderEpoch }) => ({
      topic,
      partition,
      offset: next!,
      leaderEpoch,
    }))
    await records.commit({ offsets })
    for (const [index, inHand] of due.entries()) inHand.committed = offsets[index]!.offset
  }

  async function commitRegularly(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(commitEveryMs, stop.signal).catch(() => {})
      await commit().catch(error => log.warn({ error: messageOf(error) }, 'offsets not committed'))
    }
  }

  /** Reads for as long as the connection lasts. */
  async function read(): Promise<void> {
    const stream = await records.consume({
      topics: [...consumer.topics],
      // The client would commit what it has read, handled or not, and begin with the newest message.
      autocommit: false,
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      maxWaitTime: 100,
      minBytes: 1,
    })
    const end = () => void stream.close().catch(() => {})
    stop.signal.addEventListener('abort', end, { once: true })
    if (stop.signal.aborted) end()
    try {
      for await (const record of stream) {
        take(record)
        while (waiting() > mostWaiting && !stop.signal.aborted) await clock.sleep(5)
      }
    } finally {
      stop.signal.removeEventListener('abort', end)
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        await read()
        failures = 0
      } catch (error) {
        if (stop.signal.aborted) break
        log.warn({ error: messageOf(error), failures: ++failures }, 'topics not consumed')
        partitions.clear()
        await clock
          .sleep(Math.min(200 * 2 ** Math.min(failures, 8), longestPauseMs), stop.signal)
          .catch(() => {})
      }
    }
  }

  const running = Promise.all([run(), commitRegularly()])
  return {
    close: async () => {
      stop.abort()
      await Promise.all([...partitions.values()].map(({ draining }) => draining))
      await running
      await commit().catch(error => log.warn({ error: messageOf(error) }, 'offsets not committed'))
      await records.close(true)
    },
  }
}

function newInHand(topic: string, partition: number): InHand {
  return {
    topic,
    partition,
    waiting: [],
    next: undefined,
    queued: 0n,
    committed: undefined,
    leaderEpoch: 0,
    draining: undefined,
    lost: false,
  }
}
