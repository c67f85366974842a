import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '@strangler/migrations/drill/random.ts'
import { createCaller } from './caller.ts'
import { createExchange } from './exchange.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createTrafficStats, type TrafficStats } from './traffic-stats.ts'

export type Traffic = { ledger: Ledger; stats: TrafficStats; stop(): Promise<void> }

const callers = 40
const customersPerCaller = 4
/** Customers of the seed that callers own start here, past the odd ones that tests look at. */
const firstOwned = 1_001

/**
 * Clients at work, half over REST and half over SOAP, until stopped.
 * @param ratePerSecond of all of them together; one that waits for an answer falls behind and does not catch up in a burst
 * @param seeded how many customers the shop began with: anyone of them may be read
 */
export function startTraffic(entryUrl: string, ratePerSecond: number, seed: number, seeded: number): Traffic {
  const exchange = createExchange(entryUrl)
  const ledger = createLedger()
  const stats = createTrafficStats()
  const stopped = new AbortController()
  const everyMs = (1_000 * callers) / ratePerSecond

  const loops = Array.from({ length: callers }, async (_, index) => {
    const id = `t${seed}c${index}`
    const customers = Array.from(
      { length: customersPerCaller },
      (_, nth) => firstOwned + index * customersPerCaller + nth,
    )
    const random = createRandom(seed * 1_000 + index)
    const next = createCaller(
      { id, exchange, ledger, stats, random, customers, seeded },
      index % 2 === 0 ? 'rest' : 'soap',
    )
    let due = performance.now() + random() * everyMs
    while (!stopped.signal.aborted) {
      const now = performance.now()
      if (due > now) await delay(due - now)
      if (stopped.signal.aborted) return
      due = Math.max(due + everyMs, performance.now())
      await next()
    }
  })
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
