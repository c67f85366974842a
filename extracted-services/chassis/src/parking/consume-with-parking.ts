import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { type Session, withSession, withTransaction } from '../database/with-transaction.ts'
import { inSpan } from '../messaging/consume-span.ts'
import { undecodable } from '../messaging/message.ts'
import { messageInvalid } from '../messaging/message-invalid.ts'
import type { Consumer, Delivery, Messaging, Subscription } from '../messaging/messaging.ts'
import {
  addParked,
  blockKey,
  claimDueKeys,
  countParked,
  type Failure,
  freeKey,
  isParked,
  lockParked,
  noteFailure,
  type ParkedKey,
  type ParkedLease,
  readFirstParked,
  releaseKey,
  removeParked,
} from './parked-messages.ts'

export type ParkingParts = {
  messaging: Messaging
  /** The consumer's schema, see `parkingMigrations`. */
  pool: Pool
  clock: Clock
  log: Log
  /** Pauses between tries that keep the partition waiting, in ms: one try more than there are pauses. */
  quickPausesMs?: readonly number[]
  /** Pauses between tries that keep only the key waiting, in ms. After the last one the message is a dead letter. */
  delaysMs?: readonly number[]
  /** How often to look for parked keys that are due, in ms. */
  pollMs?: number
  /** How many messages a consumer may park; beyond it the broker keeps them. */
  mostParked?: number
}

type Attempted = { attempts: number; error: unknown } | undefined

const quickPauses = [100, 300]
const delays = [10_000, 30_000, 120_000]
const leaseMs = 60_000
const keysAtOnce = 8

/**
 * Consumes with retries: three quick ones, then its key is parked (others go on) and tried again after 10, 30 and
 * 120 s, then it is a dead letter. The messages behind it in its key wait until it has been handled, or an operator
 * has replayed or dropped it: none is skipped, none overtakes another.
 *
 * A message is parked before the broker is told that it was handled, so a killed process loses none. It may be handled
 * twice: handlers need `processOnce`.
 */
export function consumeWithParking(consumer: Consumer, parts: ParkingParts): Subscription {
  const stop = new AbortController()
  const subscription = parts.messaging.subscribe({
    ...consumer,
    handle: delivery => handleOrPark(consumer, parts, delivery),
  })
  const redelivering = redeliver(consumer, parts, stop.signal)
  return {
    close: async () => {
      stop.abort()
      await Promise.all([subscription.close(), redelivering])
    },
  }
}

async function handleOrPark(consumer: Consumer, parts: ParkingParts, delivery: Delivery): Promise<void> {
  const { pool, clock, log, delaysMs = delays } = parts
  const { topic, key } = delivery.message
  const parkedKey = { consumer: consumer.group, topic, key }
  if (await joinParked(parts, parkedKey, delivery)) return
  const failed = await tryQuickly(consumer, parts, delivery)
  if (failed === undefined) return
  const failure = failureOf(failed, delaysMs[0], clock.now())
  await withTransaction(pool, async session => {
    await refuseWhenFull(session, consumer.group, parts)
    await blockKey(session, parkedKey, failure.dueAt)
    await addParked(session, consumer.group, delivery, failure, clock.now())
  })
  log.warn({ ...parkedKey, id: delivery.message.id, ...failure }, 'key parked')
}

/** @returns whether the key was parked, and the message with it */
async function joinParked(parts: ParkingParts, key: ParkedKey, delivery: Delivery): Promise<boolean> {
  const { pool, clock } = parts
  if (!(await withSession(pool, session => isParked(session, key)))) return false
  return withTransaction(pool, async session => {
    if ((await lockParked(session, key)) === undefined) return false
    await refuseWhenFull(session, key.consumer, parts)
    await addParked(session, key.consumer, delivery, undefined, clock.now())
    return true
  })
}

/** When everything fails it is not the messages' fault: the broker keeps the rest, in their order. */
async function refuseWhenFull(
  session: Session,
  consumer: string,
  { mostParked = 10_000 }: ParkingParts,
): Promise<void> {
  const parked = await countParked(session, consumer)
  if (parked < mostParked) return
  throw new ToolkitError('PARKING_FULL', `${consumer} has parked ${parked} messages`, {
    hint: 'replay or drop its dead letters',
    details: { parked, limit: mostParked },
  })
}

async function tryQuickly(consumer: Consumer, parts: ParkingParts, delivery: Delivery): Promise<Attempted> {
  const { clock, quickPausesMs = quickPauses } = parts
  for (let attempt = 1; ; attempt++) {
    const failed = await tryOnce(consumer, parts, delivery, attempt)
    const pause = quickPausesMs[attempt - 1]
    if (failed === undefined || pause === undefined || isPermanent(failed.error)) return failed
    await clock.sleep(pause)
  }
}

async function tryOnce(
  consumer: Consumer,
  { clock, log }: ParkingParts,
  delivery: Delivery,
  attempt: number,
): Promise<Attempted> {
  try {
    if (delivery.message.type === undecodable) throw messageInvalid('it is no message')
    await inSpan(consumer.group, { clock, log }, delivery, delivered =>
      consumer.handle({ ...delivered, attempt }),
    )
    return undefined
  } catch (error) {
    return { attempts: attempt, error }
  }
}

function isPermanent(error: unknown): boolean {
  return isToolkitError(error, 'MESSAGE_INVALID')
}

function failureOf({ attempts, error }: NonNullable<Attempted>, delay: number | undefined, now: number) {
  const dueAt = delay === undefined || isPermanent(error) ? null : now + delay
  return { attempts, error: messageOf(error).slice(0, 1000), dueAt } satisfies Failure
}

async function redeliver(consumer: Consumer, parts: ParkingParts, signal: AbortSignal): Promise<void> {
  const { pool, clock, log, pollMs = 500 } = parts
  while (!signal.aborted) {
    try {
      const now = clock.now()
      const leases = await withTransaction(pool, session =>
        claimDueKeys(session, consumer.group, { now, leaseMs, limit: keysAtOnce }),
      )
      await Promise.all(leases.map(lease => redeliverKey(consumer, parts, lease, signal)))
      if (leases.length > 0) continue
    } catch (error) {
      log.warn({ consumer: consumer.group, error: messageOf(error) }, 'parked messages not handled')
    }
    await clock.sleep(pollMs, signal).catch(() => {})
  }
}

/** Handles the messages of a key in their order, until one fails or none is left. */
async function redeliverKey(
  consumer: Consumer,
  parts: ParkingParts,
  lease: ParkedLease,
  signal: AbortSignal,
): Promise<void> {
  const { pool, clock, log, delaysMs = delays, quickPausesMs = quickPauses } = parts
  for (;;) {
    const first = await withSession(pool, session => readFirstParked(session, lease))
    const stays = first === undefined || first.dead || signal.aborted
    if (stays) {
      const dueAt = first?.dead ? null : clock.now()
      await whileHeld(pool, lease, async session => {
        // One may have come since it was looked for; under the lock there is either one, or the key is free.
        if ((await readFirstParked(session, lease)) === undefined) await freeKey(session, lease)
        else await releaseKey(session, lease, dueAt)
      })
      return
    }
    const { position, delivery } = first
    const tried = delivery.attempt
    const failed =
      tried === 0
        ? await tryQuickly(consumer, parts, delivery)
        : await tryOnce(consumer, parts, delivery, tried + 1)
    if (failed === undefined) {
      if (!(await whileHeld(pool, lease, session => removeParked(session, position)))) return
      continue
    }
    const delay = delaysMs[Math.max(0, failed.attempts - quickPausesMs.length - 1)]
    const failure = failureOf(failed, delay, clock.now())
    await whileHeld(pool, lease, async session => {
      await noteFailure(session, position, failure, clock.now())
      await releaseKey(session, lease, failure.dueAt)
    })
    const line = { ...lease, id: delivery.message.id, ...failure }
    if (failure.dueAt === null) log.error(line, 'dead letter')
    else log.warn(line, 'parked message not handled')
    return
  }
}

/** @returns false, and nothing is done, when somebody else has taken the key since */
function whileHeld(
  pool: Pool,
  lease: ParkedLease,
  work: (session: Session) => Promise<void>,
): Promise<boolean> {
  return withTransaction(pool, async session => {
    if ((await lockParked(session, lease))?.epoch !== lease.epoch) return false
    await work(session)
    return true
  })
}
