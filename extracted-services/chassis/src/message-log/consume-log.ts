import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { withSession, withTransaction } from '../database/with-transaction.ts'
import type { Waker } from '../messaging/create-waker.ts'
import type { Consumer, Subscription } from '../messaging/messaging.ts'
import { readMessages } from './message-log.ts'
import {
  type Lease,
  leaveGroup,
  type Member,
  readHeads,
  releaseLease,
  renewLeases,
  savePosition,
} from './partition-leases.ts'

export type ConsumerParts = {
  pool: Pool
  clock: Clock
  log: Log
  /** Unique for every call. */
  member: string
  /** How long a member that gives no sign of life keeps its partitions, in ms. */
  leaseMs: number
  /** How long to rest when there is nothing to do, in ms, unless woken. */
  pollMs: number
  waker: Waker
}

/**
 * A partition in hand. Work on it goes on while it is `held`; a `leaving` one is given back as soon as the message in
 * hand is done; a `lost` one belongs to somebody else already.
 */
type InHand = {
  lease: Lease
  state: 'held' | 'leaving' | 'lost'
  position: number
  saved: number
  attempt: number
  notBefore: number
  draining: Promise<void> | undefined
}

const batch = 50
const longestPauseMs = 30_000

/**
 * One member of a group. It renews its leases three times as often as they run out, whatever its handlers are doing,
 * and begins no message when it can't be sure to hold the partition. An old owner that wakes up late may finish the
 * message in its hand, which the consumer's inbox tells from the new owner's, but can't move the position any more.
 */
export function consumeLog(parts: ConsumerParts, consumer: Consumer): Subscription {
  const { pool, clock, log, leaseMs, pollMs, waker } = parts
  const self: Member = { group: consumer.group, member: parts.member, topics: consumer.topics, leaseMs }
  const partitions = new Map<string, InHand>()
  const stop = new AbortController()
  let sureUntil = Number.NEGATIVE_INFINITY
  let renewAt = Number.NEGATIVE_INFINITY

  const mayBegin = (inHand: InHand) =>
    inHand.state === 'held' && !stop.signal.aborted && clock.elapsed() < sureUntil

  async function renew(): Promise<void> {
    const asked = clock.elapsed()
    const holding = [...partitions.values()].filter(({ state }) => state === 'held').length
    const { leases, share } = await withTransaction(pool, session => renewLeases(session, self, holding))
    sureUntil = asked + leaseMs
    renewAt = asked + leaseMs / 3
    const current = new Map(leases.map(lease => [`${lease.topic}/${lease.partition}`, lease]))
    for (const [name, inHand] of partitions)
      if (current.get(name)?.epoch !== inHand.lease.epoch) inHand.state = 'lost'
    for (const [name, lease] of current) if (!partitions.has(name)) partitions.set(name, takeInHand(lease))
    const held = [...partitions.values()].filter(({ state }) => state === 'held')
    for (const inHand of held.slice(share)) inHand.state = 'leaving'
  }

  /** Lets go of what is not held any more, once nobody works on it. */
  async function letGo(): Promise<void> {
    for (const [name, inHand] of partitions) {
      if (inHand.state === 'held' || inHand.draining !== undefined) continue
      if (inHand.state === 'leaving')
        await withSession(pool, session => releaseLease(session, self, inHand.lease))
      partitions.delete(name)
    }
  }

  async function drain(inHand: InHand): Promise<void> {
    const { topic, partition } = inHand.lease
    const entries = await readMessages(pool, topic, partition, inHand.position, batch)
    try {
      for (const { offset, message } of entries) {
        if (!mayBegin(inHand)) break
        await consumer.handle({ message, partition, offset, attempt: inHand.attempt })
        inHand.position = offset + 1
        inHand.attempt = 1
      }
    } catch (error) {
      const { attempt } = inHand
      log.warn({ topic, partition, attempt, error: messageOf(error) }, 'message not handled')
      inHand.notBefore = clock.elapsed() + Math.min(100 * 2 ** Math.min(attempt - 1, 10), longestPauseMs)
      inHand.attempt++
    }
    if (inHand.position === inHand.saved) return
    const { position } = inHand
    const kept = await withSession(pool, session => savePosition(session, self, inHand.lease, position))
    if (kept) inHand.saved = position
    else inHand.state = 'lost'
  }

  function start(inHand: InHand): void {
    inHand.draining = drain(inHand)
      .catch(error => {
        log.warn({ error: messageOf(error) }, 'partition not read')
        inHand.notBefore = clock.elapsed() + 1_000
      })
      .finally(() => {
        inHand.draining = undefined
      })
  }

  async function turn(): Promise<void> {
    const resting = waker.rest(clock, pollMs, stop.signal)
    if (clock.elapsed() >= renewAt) await renew()
    await letGo()
    const heads = await withSession(pool, session => readHeads(session, self.topics))
    for (const [name, inHand] of partitions) {
      const due = inHand.position < (heads.get(name) ?? 0) || inHand.saved < inHand.position
      const free = inHand.draining === undefined && clock.elapsed() >= inHand.notBefore
      if (due && free && mayBegin(inHand)) start(inHand)
    }
    // Whoever ends first is looked after at once; a busy partition doesn't wait for the poll.
    const busy = [...partitions.values()].flatMap(({ draining }) => draining ?? [])
    await Promise.race([resting, ...busy])
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        await turn()
        failures = 0
      } catch (error) {
        log.warn({ error: messageOf(error), failures: ++failures }, 'log not consumed')
        const pause = Math.min(pollMs * 2 ** Math.min(failures, 10), longestPauseMs)
        await clock.sleep(pause, stop.signal).catch(() => {})
      }
    }
    await Promise.all([...partitions.values()].map(({ draining }) => draining))
    // A database that is away lets the leases run out instead.
    await withSession(pool, session => leaveGroup(session, self)).catch(() => {})
  }

  const running = run()
  return {
    close: async () => {
      stop.abort()
      await running
    },
  }
}

function takeInHand(lease: Lease): InHand {
  const { position } = lease
  return { lease, state: 'held', position, saved: position, attempt: 1, notBefore: 0, draining: undefined }
}
