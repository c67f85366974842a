import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { HoldOrder } from './workers.ts'

/** Which holds stand, for workers that begin to serve meanwhile. */
export type HoldBook = {
  /** @returns the order with the id of the hold */
  begin(order: HoldOrder): HoldOrder & { id: string }
  renew(capability: string, leaseMs: number): void
  end(capability: string): void
  /** With what is left of each lease. */
  standing(): HoldOrder[]
}

export function createHoldBook(clock: Clock): HoldBook {
  const holds = new Map<string, { order: HoldOrder & { id: string }; deadline: number }>()
  return {
    begin(order) {
      const known = holds.get(order.capability)
      const now = clock.elapsed()
      const standing = known !== undefined && known.deadline > now
      // A stale order is refused by every worker, and must not displace the one that stands.
      if (standing && order.epoch < known.order.epoch) return { ...order, id: known.order.id }
      const taken = { ...order, id: standing ? known.order.id : randomUUID() }
      holds.set(order.capability, { order: taken, deadline: now + order.limits.leaseMs })
      return taken
    },
    renew(capability, leaseMs) {
      const known = holds.get(capability)
      if (known !== undefined) known.deadline = clock.elapsed() + leaseMs
    },
    end: capability => void holds.delete(capability),
    standing() {
      const now = clock.elapsed()
      return [...holds.values()].flatMap(({ order, deadline }) =>
        deadline > now ? [{ ...order, limits: { ...order.limits, leaseMs: Math.ceil(deadline - now) } }] : [],
      )
    },
  }
}
