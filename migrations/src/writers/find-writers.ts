import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Order, SwitchParts } from '../cutover/switch-parts.ts'
import type { Plan } from '../plan/plan.ts'
import { correlation } from './correlation.ts'
import { pastWrites } from './past-writes.ts'
import { possibleWriters } from './possible-writers.ts'
import { beginObserving, endObserving, type Observed, takeSightings } from './writer-observer.ts'
import type { AccountWrites, Likely, WritersFound } from './writers-found.ts'
import { answerOf } from './writers-gate.ts'
import { type Sighting, shapeKey } from './written.ts'

const tickMs = 500
const pastWithinMs = 60_000
/** From here on two series are said to belong together. */
const together = 0.5

/**
 * Looks who writes the capability's legacy tables: for `seconds` by triggers that tell the account, in the binlog for what
 * was written before, in the grants for who else might, and at the proxies for the requests meanwhile. The triggers are
 * taken down in any case; what was found is kept as evidence.
 * @throws ToolkitError FENCE_TIMEOUT, DATABASE_UNREACHABLE; the order's reason when it is broken off
 */
export async function findWriters(
  parts: SwitchParts,
  plan: Plan,
  order: Order,
  seconds: number,
): Promise<WritersFound> {
  const database = parts.sidesOf(plan).legacy
  const observed = observedOf(plan)
  const series: Tick[] = []
  const tell = (message: string) => order.onProgress({ step: 'writers', message })
  const served = await writesServed(parts, order.signal)
  tell(`watching ${observed.tables.length} tables for ${seconds} s`)
  try {
    await beginObserving(database, observed)
    const began = parts.clock.elapsed()
    for (let before = served; parts.clock.elapsed() - began < seconds * 1_000; ) {
      await parts.clock.sleep(tickMs, order.signal)
      const now = await writesServed(parts, order.signal)
      series.push({ sightings: await takeSightings(database, observed), requests: since(before, now) })
      before = now
    }
  } finally {
    await endObserving(database, observed).catch(error =>
      parts.log.error(
        { capability: plan.capability, error: messageOf(error) },
        'an observer was left behind',
      ),
    )
  }
  tell('reading the binlog')
  const past = await pastWrites(
    database,
    observed,
    AbortSignal.any([order.signal, AbortSignal.timeout(pastWithinMs)]),
  )
  const accounts = byAccount(series, plan, seconds)
  const seen = new Set(accounts.map(({ account }) => account))
  const names = observed.tables.map(({ table }) => table)
  const found: WritersFound = {
    capability: plan.capability,
    seconds,
    requests: series.reduce((sum, { requests }) => sum + (requests.get(plan.capability) ?? 0), 0),
    accounts,
    past,
    possible: (await possibleWriters(database, names)).filter(account => !seen.has(account)),
  }
  await parts.evidence.addWriters(plan.capability, found)
  return found
}

/** What an engine that died while it observed has left on the tables. */
export async function clearObservers(parts: Pick<SwitchParts, 'sidesOf'>, plan: Plan): Promise<void> {
  if (plan.tables.length > 0) await endObserving(parts.sidesOf(plan).legacy, observedOf(plan))
}

type Tick = { sightings: Sighting[]; requests: ReadonlyMap<string, number> }

function observedOf({ capability, tables }: Plan): Observed {
  // A table may stand in several mappings, each with columns of its own.
  const byName = Map.groupBy(
    tables.map(({ legacy }) => legacy),
    ({ table }) => table,
  )
  return {
    capability,
    tables: [...byName].map(([table, mapped]) => ({
      table,
      columns: [...new Set(mapped.flatMap(({ columns, leaves = [] }) => [...columns, ...leaves]))],
    })),
  }
}

/** Writes that reached the legacy side so far, of all proxies together, by capability. */
async function writesServed(
  { proxies }: Pick<SwitchParts, 'proxies'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const total = new Map<string, number>()
  for (const { capabilities } of await Promise.all(proxies.map(proxy => proxy.status(signal))))
    for (const { name, traffic } of capabilities)
      total.set(name, (total.get(name) ?? 0) + (traffic?.legacy.write ?? 0))
  return total
}

function since(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): Tick['requests'] {
  return new Map([...now].map(([name, count]) => [name, count - (before.get(name) ?? 0)]))
}

function byAccount(series: readonly Tick[], plan: Plan, seconds: number): AccountWrites[] {
  const all = series.flatMap(({ sightings }) => sightings)
  return [...Map.groupBy(all, ({ account }) => account)]
    .map(([account, sightings]) => ({
      account,
      rows: sightings.length,
      perSecond: Math.round((sightings.length / seconds) * 10) / 10,
      shapes: [...Map.groupBy(sightings, shapeKey).values()]
        .map(alike => ({ ...alike[0]!, rows: alike.length }))
        .map(shape => ({ ...shape, answer: answerOf(plan.writers, shape, account) }))
        .sort((a, b) => b.rows - a.rows),
      likely: likelyOf(series, account),
    }))
    .sort((a, b) => b.rows - a.rows)
}

/** The capability whose requests rose and fell with the account's rows, if any did. */
function likelyOf(series: readonly Tick[], account: string): Likely | null {
  const rows = series.map(({ sightings }) => sightings.filter(each => each.account === account).length)
  const names = new Set(series.flatMap(({ requests }) => [...requests.keys()]))
  const ranked = [...names]
    .map(capability => {
      const requests = series.map(tick => tick.requests.get(capability) ?? 0)
      const total = requests.reduce((sum, each) => sum + each, 0)
      return { capability, correlation: correlation(rows, requests) ?? 0, requests: total }
    })
    .sort((a, b) => b.correlation - a.correlation)
  const [best] = ranked
  return best === undefined || best.correlation < together
    ? null
    : { ...best, correlation: Math.round(best.correlation * 100) / 100 }
}
