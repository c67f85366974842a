import type { BulkheadLimits } from '../config/config-schema.ts'

/** A request that wants a seat. `state` belongs to the bulkhead. */
export type Guest = {
  state: 'outside' | 'waiting' | 'seated'
  /** A seat has become free. */
  seated(): void
  /** The queue is full, or the wait was too long. */
  refused(): void
}

/**
 * Keeps an upstream that is slow from taking the whole proxy: so many requests at once, so many more that wait, in
 * the order of arrival.
 */
export type Bulkhead = {
  /** @returns whether the guest is seated now; else it is told later, or has been told that it is refused */
  enter(guest: Guest): boolean
  /** Gives the seat or the place in the queue back; for a guest that has neither it does nothing. */
  leave(guest: Guest): void
  /** Follows a new configuration; who is seated stays. */
  limit(limits: BulkheadLimits): void
  counts(): { inFlight: number; queued: number; refused: number }
}

export function createBulkhead(first: BulkheadLimits): Bulkhead {
  let limits = first
  let inFlight = 0
  let refused = 0
  const queue = new Map<Guest, NodeJS.Timeout>()

  function refuse(guest: Guest): void {
    refused++
    guest.state = 'outside'
    guest.refused()
  }

  function admitWaiting(): void {
    while (inFlight < limits.inFlight) {
      const next = queue.entries().next().value
      if (next === undefined) return
      const [guest, timer] = next
      clearTimeout(timer)
      queue.delete(guest)
      guest.state = 'seated'
      inFlight++
      guest.seated()
    }
  }

  function expire(guest: Guest): void {
    if (queue.delete(guest)) refuse(guest)
  }

  return {
    enter(guest) {
      if (inFlight < limits.inFlight) {
        inFlight++
        guest.state = 'seated'
        return true
      }
      if (queue.size >= limits.queued) refuse(guest)
      else {
        guest.state = 'waiting'
        queue.set(guest, setTimeout(expire, limits.waitMs, guest))
      }
      return false
    },
    leave(guest) {
      const { state } = guest
      guest.state = 'outside'
      if (state === 'waiting') {
        clearTimeout(queue.get(guest))
        queue.delete(guest)
      }
      if (state !== 'seated') return
      inFlight--
      admitWaiting()
    },
    limit(next) {
      limits = next
      admitWaiting()
    },
    counts: () => ({ inFlight, queued: queue.size, refused }),
  }
}
