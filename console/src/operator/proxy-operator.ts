import { type Json, numberOf, recordOf, recordsOf, textOf } from '../render/json-fields.ts'
import type { Patience } from './engine-operator.ts'
import { type Endpoint, exchange } from './http-exchange.ts'
import type { Operator } from './operator.ts'
import { readDocument } from './read-answer.ts'

/** A proxy that runs alone, by its admin API: no plan, no sync, no drill; the documents are the engine's. */
export function createProxyOperator(endpoint: Endpoint, patience: Patience): Operator {
  const ask = async (method: 'GET' | 'POST', path: string, body?: Json) => {
    const request = { method, path, ...(body === undefined ? {} : { body }), ...patience }
    return recordOf(await readDocument(endpoint, await exchange(endpoint, request)))
  }
  const status = () => ask('GET', '/admin/status')
  return {
    status: async () => statusDocument(await status()),
    compare: async () => {
      const names = recordsOf((await status()).capabilities).map(({ name }) => textOf(name))
      const path = (name: string) => `/admin/comparisons/${encodeURIComponent(name)}`
      return compareDocument(await Promise.all(names.map(name => ask('GET', path(name)))))
    },
    stage: async ({ capability, stage, percent, by, reason }) => {
      const change = { capability, stage, ...(percent === undefined ? {} : { percent }) }
      const { generation, hash } = await ask('POST', '/admin/generations', { changes: [change], by, reason })
      return { result: { ...change, generation, hash }, exit: 0 }
    },
  }
}

/** The proxy's status as `status --json`: what only an engine knows is null. */
export function statusDocument(status: Json): Json {
  const capabilities = recordsOf(status.capabilities).map(capability => ({
    name: capability.name,
    stage: capability.stage,
    writes: capability.writes,
    percent: capability.percent,
    lagMs: null,
    positionsBehind: null,
    comparison: capability.comparison,
    lastDrill: null,
    hold: capability.hold ?? null,
  }))
  return { generation: status.generation, file: status.file, problems: status.problems ?? [], capabilities }
}

/** The figures of every capability as `compare --json`; `before` is the legacy side, `after` the extracted one. */
export function compareDocument(comparisons: readonly Json[]): Json {
  const sum = (key: string) => comparisons.reduce((total, each) => total + (numberOf(each[key]) ?? 0), 0)
  const verdicts = comparisons.map(({ verdict }) => verdict)
  return {
    requests: sum('samples'),
    matched: sum('matched'),
    ignored: sum('ignored'),
    diverged: sum('diverged'),
    errors: sum('errors'),
    noise: sum('noise'),
    verdict: overall(verdicts),
    divergences: comparisons.flatMap(({ divergences }) =>
      recordsOf(divergences).map(({ route, path, count, legacy, extracted, traceId }) => ({
        route,
        path,
        count,
        before: legacy,
        after: extracted,
        traceId,
      })),
    ),
  }
}

function overall(verdicts: readonly unknown[]): string {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.length > 0 && verdicts.every(verdict => verdict === 'pass') ? 'pass' : 'insufficient'
}
