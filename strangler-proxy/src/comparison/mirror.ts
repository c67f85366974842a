import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { ComparisonConfig, Side } from '../config/config-schema.ts'
import { type Breaker, createBreaker } from '../forwarding/breaker.ts'
import type { Observation } from '../forwarding/reply-tap.ts'
import type { Barrier } from '../routing/pins.ts'
import { otherSide } from '../routing/serving-side.ts'
import { type Comparison, compareObservations } from './compare-observations.ts'
import type { ComparisonLedger } from './comparison-ledger.ts'
import { concealValues } from './redaction.ts'

/**
 * A read that has been served, to be asked again of the side that did not serve it; or a write that the owner has
 * done, to be rehearsed by the other side.
 */
export type Copy = {
  capability: string
  route: string
  rehearsal: boolean
  /** Stands for the route within its generation. */
  routeKey: object
  served: Side
  /** The write owner: the side that the other one follows. */
  owner: Side
  observation: Observation
  method: string
  path: string
  headers: readonly string[]
  body: Buffer | undefined
  /** Names of upstreams. */
  upstreams: Record<Side, string>
  traceId: string
  comparison: ComparisonConfig
  ledger: ComparisonLedger
}

/** Asks one upstream, on connections that clients never use. @throws when it does not answer in time */
export type Ask = (
  upstream: string,
  copy: Pick<Copy, 'method' | 'path' | 'headers' | 'body'>,
) => Promise<Observation>

export type DropReason =
  | 'queue-full'
  | 'resting'
  | 'reply-too-large'
  | 'body-too-large'
  | 'no-answer'
  | 'moving'
  | 'not-rehearsed'
  | 'closed'

export type Mirror = {
  /** Whether writes of the route may still be offered. */
  rehearses(routeKey: object): boolean
  /** Never throws, never waits: what cannot be queued is dropped and counted. */
  offer(copy: Copy): void
  drop(reason: DropReason): void
  drops(): Readonly<Record<DropReason, number>>
  /** Waiting and being asked. */
  size(): number
  close(): void
}

export type MirrorOptions = {
  ask: Ask
  /** Without one, the re-check waits instead. */
  barrier: Barrier | undefined
  clock: Clock
  log: Log
  random(): number
  maxQueued: number
  concurrency: number
  /** For the hashes that stand for values in samples. */
  redactionKey: string
}

const recheckMs = [150, 500, 1_500]
const barrierMs = 2_000

/**
 * Copies of reads, asked and compared after the client has its reply.
 *
 * A difference may be replication lag: the side that follows had not applied a write that the owner had. So a
 * read that differs is asked again before it counts (the lag re-check): the owner, then a barrier (a pause where nothing syncs),
 * then the follower, then the owner once more. Only where the owner said the same thing twice and the follower
 * something else is it a divergence. A row that moves all the while proves nothing and is dropped as `moving`.
 */
export function createMirror(options: MirrorOptions): Mirror {
  const { ask, barrier, clock, log, random, maxQueued, concurrency } = options
  const compared = comparedBy(options.redactionKey, options.clock)
  const queue: Copy[] = []
  const drops: Record<DropReason, number> = {
    'queue-full': 0,
    resting: 0,
    'reply-too-large': 0,
    'body-too-large': 0,
    'no-answer': 0,
    moving: 0,
    'not-rehearsed': 0,
    closed: 0,
  }
  const closing = new AbortController()
  /** By upstream. A side that is dead would cost a connection attempt and a place in the queue per read. */
  const breakers = new Map<string, Breaker>()
  const unsafe = new WeakSet<object>()
  let active = 0

  function breakerOf(upstream: string): Breaker {
    let breaker = breakers.get(upstream)
    if (breaker === undefined) {
      breaker = createBreaker(clock.elapsed)
      breakers.set(upstream, breaker)
    }
    return breaker
  }

  async function askFirst(upstream: string, copy: Parameters<Ask>[1]): Promise<Observation> {
    try {
      const observation = await ask(upstream, copy)
      breakerOf(upstream).succeeded()
      return observation
    } catch (error) {
      breakerOf(upstream).failed()
      throw error
    }
  }

  function pump(): void {
    while (active < concurrency) {
      const copy = queue.shift()
      if (copy === undefined) return
      if (!breakerOf(copy.upstreams[otherSide(copy.served)]).admits()) {
        drops.resting++
        continue
      }
      active++
      examine(copy)
        .catch(error => {
          copy.ledger.recordError(copy.route)
          drops[closing.signal.aborted ? 'closed' : 'no-answer']++
          log.debug({ trace_id: copy.traceId, route: copy.route, cause: messageOf(error) }, 'copy failed')
        })
        .finally(() => {
          active--
          pump()
        })
    }
  }

  /**
   * A write is asked once, and a server that does not say that it kept nothing is not asked again: it may have run
   * the write, which only the fence then stopped.
   */
  async function rehearse(copy: Copy): Promise<void> {
    const { ledger, route, served, observation } = copy
    const asked = otherSide(served)
    const headers = [...copy.headers, 'Strangler-Rehearsal', '1']
    const other = await askFirst(copy.upstreams[asked], { ...copy, headers })
    if (other.headers['strangler-rehearsal'] !== 'done') {
      drops['not-rehearsed']++
      ledger.recordError(route)
      if (!unsafe.has(copy.routeKey))
        log.error(
          { trace_id: copy.traceId, route, status: other.status },
          'a write was not rehearsed: the server did not answer Strangler-Rehearsal: done; its route is rehearsed no more',
        )
      unsafe.add(copy.routeKey)
      return
    }
    ledger.recordLatency(route, served, observation.ms)
    ledger.recordLatency(route, asked, other.ms)
    note(copy, await compared(copy, { [served]: observation, [asked]: other }))
  }

  function note(copy: Copy, comparison: Comparison): void {
    copy.ledger.record(copy.route, comparison, copy.traceId)
    if (comparison.result !== 'diverged') return
    const paths = comparison.divergences.map(({ path }) => path)
    log.info({ trace_id: copy.traceId, route: copy.route, paths }, 'the sides diverge')
  }

  async function examine(copy: Copy): Promise<void> {
    if (copy.rehearsal) return rehearse(copy)
    const { ledger, route, served, observation } = copy
    const asked = otherSide(served)
    const other = await askFirst(copy.upstreams[asked], copy)
    ledger.recordLatency(route, served, observation.ms)
    ledger.recordLatency(route, asked, other.ms)
    let comparison = await compared(copy, { [served]: observation, [asked]: other })
    if (comparison.result === 'diverged') {
      const settled = await recheck(copy)
      if (settled === undefined) {
        drops.moving++
        return
      }
      comparison = settled
    }
    note(copy, comparison)
    if (random() < copy.comparison.noise) await measureNoise(copy)
  }

  async function recheck(copy: Copy): Promise<Comparison | undefined> {
    const follower = otherSide(copy.owner)
    for (const wait of recheckMs) {
      const before = await ask(copy.upstreams[copy.owner], copy)
      if (barrier === undefined) await clock.sleep(wait, closing.signal)
      // A follower that is not known to have caught up differs for that reason alone: nothing can be said of it.
      else if (!(await barrier(copy.capability, barrierMs, closing.signal).catch(() => false))) continue
      const followed = await ask(copy.upstreams[follower], copy)
      const after = await ask(copy.upstreams[copy.owner], copy)
      const comparison = await compared(copy, { [copy.owner]: before, [follower]: followed })
      if (comparison.result !== 'diverged') return comparison
      if ((await compared(copy, { legacy: before, extracted: after })).result !== 'diverged')
        return comparison
    }
    return undefined
  }

  async function measureNoise(copy: Copy): Promise<void> {
    const first = await ask(copy.upstreams.legacy, copy)
    const second = await ask(copy.upstreams.legacy, copy)
    const comparison = await compared(copy, { legacy: first, extracted: second })
    copy.ledger.recordNoise(copy.route, comparison.result === 'diverged')
  }

  return {
    rehearses: routeKey => !unsafe.has(routeKey),
    offer(copy) {
      if (breakerOf(copy.upstreams[otherSide(copy.served)]).state() === 'open') {
        drops.resting++
        return
      }
      if (queue.length >= maxQueued) {
        drops['queue-full']++
        return
      }
      queue.push(copy)
      pump()
    },
    drop: reason => {
      drops[reason]++
    },
    drops: () => drops,
    size: () => queue.length + active,
    close() {
      closing.abort()
      drops.closed += queue.length
      queue.length = 0
    },
  }
}

function comparedBy(redactionKey: string, clock: Clock) {
  return (copy: Copy, sides: { [side in Side]?: Observation }): Promise<Comparison> => {
    if (sides.legacy === undefined || sides.extracted === undefined) throw new Error('two sides are compared')
    const today = new Date(clock.now()).toISOString().slice(0, 10)
    const conceal = concealValues(redactionKey, copy.comparison.reveal)
    return compareObservations(sides.legacy, sides.extracted, copy.route, copy.comparison, conceal, today)
  }
}
