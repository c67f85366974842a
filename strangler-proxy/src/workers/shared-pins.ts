import type { Pins, PinsView } from '../routing/pins.ts'
import type { Link } from './link.ts'
import type { PrimaryCalls } from './worker-protocol.ts'

/** A worker's copy of the pins that the primary keeps for all workers. */
export type SharedPins = Pins & {
  take(view: PinsView): void
  pinned(caller: string): void
  lifted(callers: readonly string[], everybody: boolean): void
}

export function createSharedPins(
  capability: string,
  link: Pick<Link<PrimaryCalls>, 'call' | 'tell'>,
): SharedPins {
  const known = new Set<string>()
  let everybody = false
  return {
    begin(caller) {
      let ticket: number | undefined
      let outcome: boolean | undefined
      known.add(caller)
      const ready = link.call('beginPin', [capability, caller]).then(
        answered => {
          // An earlier pin of the caller may have been lifted while this one was on its way.
          known.add(caller)
          ticket = answered
          if (outcome !== undefined) link.tell('endPin', [answered, outcome])
        },
        // The caller stays pinned here, which is safe; without the primary this process ends anyway.
        () => {},
      )
      return {
        ready,
        end(wrote) {
          if (outcome !== undefined) return
          outcome = wrote
          if (ticket !== undefined) link.tell('endPin', [ticket, wrote])
        },
      }
    },
    has: caller => everybody || (caller !== undefined && known.has(caller)),
    size: () => known.size,
    clear() {
      known.clear()
      everybody = false
    },
    close() {},
    take(view) {
      for (const caller of view.callers) known.add(caller)
      everybody = view.everybody
    },
    pinned: caller => void known.add(caller),
    lifted(callers, stillEverybody) {
      for (const caller of callers) known.delete(caller)
      everybody = stillEverybody
    },
  }
}
