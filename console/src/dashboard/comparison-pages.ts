import { type Json, numberOf, recordOf, recordsOf, textOf } from '../render/json-fields.ts'

const counters = ['samples', 'matched', 'ignored', 'diverged', 'errors', 'noise'] as const
const latencies = ['legacyMs', 'extractedMs'] as const

export type RouteSummary = Json & { route: string; paths: number }

/** The reports of all proxies on one capability as one: figures by route, without the divergent paths themselves. */
export function comparisonSummary(capability: string, reports: readonly Json[]): Json {
  const divergences = mergeDivergences(reports)
  const routes = new Map<string, Json[]>()
  for (const each of reports.flatMap(report => recordsOf(report.routes))) {
    const route = textOf(each.route)
    routes.set(route, [...(routes.get(route) ?? []), each])
  }
  const pathsOf = (route: string) => divergences.filter(each => each.route === route).length
  return {
    capability,
    ...summed(reports),
    routes: [...routes]
      .map(
        ([route, parts]): RouteSummary => ({
          route,
          ...summed(parts),
          // Quantiles can't be added: of several proxies the slowest is shown.
          ...Object.fromEntries(latencies.map(key => [key, slowest(parts, key)])),
          paths: pathsOf(route),
        }),
      )
      .sort((one, other) => other.paths - one.paths || one.route.localeCompare(other.route)),
  }
}

/** One page of the divergent paths of a route, the most frequent first. */
export function divergencePage(
  reports: readonly Json[],
  route: string,
  offset: number,
  limit: number,
): { total: number; divergences: readonly Json[] } {
  const all = mergeDivergences(reports).filter(each => each.route === route)
  return { total: all.length, divergences: all.slice(offset, offset + limit) }
}

function mergeDivergences(reports: readonly Json[]): readonly Json[] {
  const merged = new Map<string, Json>()
  for (const each of reports.flatMap(report => recordsOf(report.divergences))) {
    const key = JSON.stringify([each.route, each.path])
    const known = merged.get(key)
    const count = (numberOf(known?.count) ?? 0) + (numberOf(each.count) ?? 0)
    merged.set(key, { ...(known ?? each), count })
  }
  return [...merged.values()].sort((one, other) => Number(other.count) - Number(one.count))
}

function summed(parts: readonly Json[]): Json {
  const sums = counters.map(key => [key, parts.reduce((sum, part) => sum + (numberOf(part[key]) ?? 0), 0)])
  const verdicts = parts.map(({ verdict }) => verdict)
  const verdict = verdicts.includes('fail') ? 'fail' : verdicts.includes('pass') ? 'pass' : 'insufficient'
  return { ...Object.fromEntries(sums), verdict }
}

function slowest(parts: readonly Json[], key: string): Json {
  const of = (share: string) => Math.max(0, ...parts.map(part => numberOf(recordOf(part[key])[share]) ?? 0))
  return { p50: of('p50'), p99: of('p99') }
}
