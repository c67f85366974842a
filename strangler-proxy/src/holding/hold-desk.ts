import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { HoldLimits } from '../config/config-schema.ts'
import { type Quantiles, quantiles } from './quantiles.ts'

/**
 * The writes of one capability: in flight, or parked while the write owner moves.
 *
 *   open ──begin──▶ holding ──release──▶ open
 *                      └──lease over───▶ open     (the coordinator is gone; the fence keeps this safe)
 */
export type HoldDesk = {
  /** Takes part in `inflight` until the answered function is called. */
  admit(): () => void
  inflight(): number
  holding(): HoldView | undefined
  /** Parks a write, or answers false when the limits are reached. Call only while holding. */
  park(write: ParkedWrite): boolean
  leave(write: ParkedWrite): void
  /** @throws ToolkitError EPOCH_STALE */
  begin(epoch: number, limits: HoldLimits, id?: string): { id: string; inflight: number }
  /** @throws ToolkitError EPOCH_STALE, HOLD_NOT_FOUND */
  renew(epoch: number, leaseMs: number): HoldView
  /** @throws ToolkitError EPOCH_STALE, HOLD_NOT_FOUND */
  release(epoch: number): HoldEnd
  /** Resolves when no write is in flight, or after `withinMs`. */
  drained(withinMs: number, signal: AbortSignal): Promise<void>
  close(): void
}

export type ParkedWrite = {
  /** What it may occupy in memory. */
  bytes: number
  /** Resolves its route anew and goes on. */
  resume(waitedMs: number): void
}

export type HoldView = {
  id: string
  epoch: number
  sinceMs: number
  parked: number
  bytes: number
  leaseLeftMs: number
}

/** How a hold ended. Adds up over workers. */
export type HoldEnd = {
  /** Writes let go by the release, and by the end of the lease. */
  released: number
  expired: number
  /** Writes that could not be parked. */
  refused: number
  /** Milliseconds, of each write that was parked. */
  waited: readonly number[]
}

export type HoldReport = Omit<HoldEnd, 'waited'> & { waits: Quantiles }

export function holdReport({ waited, ...counts }: HoldEnd): HoldReport {
  return { ...counts, waits: quantiles(waited) }
}

type Hold = {
  id: string
  epoch: number
  since: number
  limits: HoldLimits
  deadline: number
  lease: NodeJS.Timeout
  parked: Map<ParkedWrite, number>
  bytes: number
  refused: number
}

/** @param onRelease told of every hold that ends, and whether its lease was over */
export function createHoldDesk(
  capability: string,
  clock: Clock,
  onRelease: (end: HoldEnd, leaseOver: boolean) => void,
): HoldDesk {
  let inflight = 0
  let hold: Hold | undefined
  let last: { epoch: number; end: HoldEnd } | undefined
  const waiting = new Set<() => void>()

  function letGo(leaseOver: boolean): HoldEnd {
    const ended = hold!
    clearTimeout(ended.lease)
    hold = undefined
    const now = clock.elapsed()
    const count = ended.parked.size
    const end: HoldEnd = {
      released: leaseOver ? 0 : count,
      expired: leaseOver ? count : 0,
      refused: ended.refused,
      waited: [...ended.parked.values()].map(since => now - since),
    }
    last = { epoch: ended.epoch, end }
    // In the order of arrival; nothing newer can get in between, because nothing else runs until they are out.
    for (const [write, since] of ended.parked) write.resume(now - since)
    onRelease(end, leaseOver)
    return end
  }

  function arm(target: Hold, leaseMs: number): void {
    clearTimeout(target.lease)
    target.deadline = clock.elapsed() + leaseMs
    target.lease = setTimeout(() => letGo(true), leaseMs)
  }

  function current(epoch: number): Hold {
    if (hold === undefined)
      throw new ToolkitError('HOLD_NOT_FOUND', `writes of ${capability} are not held`, {
        hint: 'the lease may be over: begin a new hold',
      })
    refuseStale(epoch, hold.epoch)
    return hold
  }

  function refuseStale(epoch: number, held: number): void {
    if (epoch >= held) return
    throw new ToolkitError('EPOCH_STALE', `epoch ${epoch} is below ${held}, which holds ${capability}`, {
      details: { capability, epoch, held },
    })
  }

  const view = (held: Hold): HoldView => ({
    id: held.id,
    epoch: held.epoch,
    sinceMs: Math.round(clock.elapsed() - held.since),
    parked: held.parked.size,
    bytes: held.bytes,
    leaseLeftMs: Math.max(0, Math.round(held.deadline - clock.elapsed())),
  })

  return {
    admit() {
      inflight++
      let counted = true
      return () => {
        if (!counted) return
        counted = false
        inflight--
        if (inflight === 0) for (const wake of waiting) wake()
      }
    },
    inflight: () => inflight,
    holding: () => (hold === undefined ? undefined : view(hold)),
    park(write) {
      if (hold === undefined) return false
      const { maxParked, maxBytes } = hold.limits
      if (hold.parked.size >= maxParked || hold.bytes + write.bytes > maxBytes) {
        hold.refused++
        return false
      }
      hold.parked.set(write, clock.elapsed())
      hold.bytes += write.bytes
      return true
    },
    leave(write) {
      if (hold?.parked.delete(write)) hold.bytes -= write.bytes
    },
    begin(epoch, limits, id = randomUUID()) {
      if (hold === undefined) {
        const since = clock.elapsed()
        hold = {
          id,
          epoch,
          since,
          limits,
          deadline: since,
          lease: setTimeout(() => {}, 0),
          parked: new Map(),
          bytes: 0,
          refused: 0,
        }
      } else {
        // A coordinator that came back, or a newer one: what is parked stays parked.
        refuseStale(epoch, hold.epoch)
        hold.epoch = epoch
        hold.limits = limits
      }
      arm(hold, limits.leaseMs)
      return { id: hold.id, inflight }
    },
    renew(epoch, leaseMs) {
      const held = current(epoch)
      arm(held, leaseMs)
      return view(held)
    },
    release(epoch) {
      // Asking again for what is done already, or after the lease ran out, answers how that hold ended.
      if (hold === undefined && last !== undefined && last.epoch === epoch) return last.end
      current(epoch)
      return letGo(false)
    },
    async drained(withinMs, signal) {
      if (inflight === 0) return
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(timer)
          waiting.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, withinMs)
        waiting.add(done)
        signal.addEventListener('abort', done)
      })
    },
    close() {
      if (hold !== undefined) letGo(true)
      for (const wake of waiting) wake()
    },
  }
}
