import type { Clock } from '@strangler/kit/clock.ts'
import { type Barrier, createPins, type PinnedWrite, type PinsView } from '../routing/pins.ts'

/** The pins of all capabilities, for all workers. */
export type PinBoard = {
  /** @returns a ticket with which the write ends */
  begin(worker: number, capability: string, caller: string): number
  end(worker: number, ticket: number, wrote: boolean): void
  /** The writes that a worker had open when it died may have happened. */
  endAll(worker: number): void
  clear(capability: string): void
  view(): [capability: string, view: PinsView][]
  close(): void
}

export function createPinBoard(
  barrier: Barrier | undefined,
  clock: Clock,
  onLifted: (capability: string, callers: readonly string[], everybody: boolean) => void,
): PinBoard {
  const boards = new Map<string, ReturnType<typeof createPins>>()
  const open = new Map<number, Map<number, PinnedWrite>>()
  let sequence = 0

  function of(capability: string): ReturnType<typeof createPins> {
    let pins = boards.get(capability)
    if (pins === undefined) {
      pins = createPins(capability, barrier, clock, (callers, everybody) =>
        onLifted(capability, callers, everybody),
      )
      boards.set(capability, pins)
    }
    return pins
  }

  return {
    begin(worker, capability, caller) {
      const tickets = open.get(worker) ?? new Map<number, PinnedWrite>()
      open.set(worker, tickets)
      tickets.set(++sequence, of(capability).begin(caller))
      return sequence
    },
    end(worker, ticket, wrote) {
      const tickets = open.get(worker)
      tickets?.get(ticket)?.end(wrote)
      tickets?.delete(ticket)
    },
    endAll(worker) {
      for (const write of open.get(worker)?.values() ?? []) write.end(true)
      open.delete(worker)
    },
    clear: capability => boards.get(capability)?.clear(),
    view: () => [...boards].map(([capability, pins]) => [capability, pins.view()]),
    close() {
      for (const pins of boards.values()) pins.close()
    },
  }
}
