import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '@strangler/migrations/drill/random.ts'
import { type CallerParts, createCaller } from './caller.ts'
import { customerActs } from './customer-acts.ts'
import { createExchange } from './exchange.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { openStall, productActs } from './product-acts.ts'
import { createTrafficStats, type TrafficStats } from './traffic-stats.ts'

export type Traffic = { ledger: Ledger; stats: TrafficStats; stop(): Promise<void> }

export type TrafficOptions = {
  /** Of all callers together; one that waits for an answer falls behind and does not catch up in a burst. */
  ratePerSecond: number
  seed: number
  /** How many customers the shop began with: anyone of them may be read. */
  customers: number
  /** Callers of the catalog too, who sell seeded and own products; their rate is besides. */
  catalog?: { ratePerSecond: number; products: number }
}

const callers = { customers: 40, catalog: 12 }
const customersPerCaller = 4
/** Customers of the seed that callers own start here, past the odd ones that tests look at. */
const firstOwned = 1_001

/** Clients at work, half over REST and half over SOAP, until stopped. */
export async function startTraffic(entryUrl: string, options: TrafficOptions): Promise<Traffic> {
  const { seed, catalog } = options
  const exchange = createExchange(entryUrl)
  const ledger = createLedger()
  const stats = createTrafficStats()
  const stopped = new AbortController()
  const callerParts = (id: string, index: number): CallerParts => {
    return { id, exchange, ledger, stats, random: createRandom(seed * 1_000 + index) }
  }

  const customerLoops = Array.from({ length: callers.customers }, (_, index) => {
    const customers = Array.from(
      { length: customersPerCaller },
      (_, nth) => firstOwned + index * customersPerCaller + nth,
    )
    const parts = { ...callerParts(`t${seed}c${index}`, index), customers, seeded: options.customers }
    const next = createCaller(parts, customerActs, protocolOf(index))
    return { next, random: parts.random, everyMs: (1_000 * callers.customers) / options.ratePerSecond }
  })
  const catalogLoops =
    catalog === undefined
      ? []
      : await Promise.all(
          Array.from({ length: callers.catalog }, async (_, index) => {
            const parts = await openStall(callerParts(`T${seed}P${index}`, 500 + index), catalog.products)
            const next = createCaller(parts, productActs, protocolOf(index))
            return { next, random: parts.random, everyMs: (1_000 * callers.catalog) / catalog.ratePerSecond }
          }),
        )
  const loops = [...customerLoops, ...catalogLoops].map(loop => repeat(loop, stopped.signal))
  return {
    ledger,
    stats,
    stop: async () => {
      stopped.abort()
      await Promise.all(loops)
      await exchange.close()
    },
  }
}

function protocolOf(index: number): 'rest' | 'soap' {
  return index % 2 === 0 ? 'rest' : 'soap'
}

async function repeat(
  { next, random, everyMs }: { next(): Promise<void>; random: () => number; everyMs: number },
  signal: AbortSignal,
): Promise<void> {
  let due = performance.now() + random() * everyMs
  while (!signal.aborted) {
    const now = performance.now()
    if (due > now) await delay(due - now)
    if (signal.aborted) return
    due = Math.max(due + everyMs, performance.now())
    await next()
  }
}
