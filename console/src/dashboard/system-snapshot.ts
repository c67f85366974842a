import { statusDocument } from '../operator/proxy-operator.ts'
import { type Json, numberOf, recordOf, recordsOf, textOf } from '../render/json-fields.ts'
import type { Point } from './traffic-figures.ts'
import { capabilityOf } from './traffic-figures.ts'

/** What is wrong with a process that should have answered. */
export type Silence = { code: string; message: string }

/** The whole system at one moment, as the dashboard shows it. */
export type Snapshot = {
  at: number
  /** All capabilities together. */
  total: Point | null
  generation: number
  problems: readonly unknown[]
  /** Null while it answers. */
  engine: Silence | null
  proxies: readonly { url: string; generation: number | null; silence: Silence | null }[]
  capabilities: readonly (Json & { name: string; point: Point | null })[]
}

export type ProxyAnswer = { url: string; status: Json } | { url: string; silence: Silence }

/**
 * The engine's status with what only proxies know (breakers, pinned callers); the proxies' own figures where the
 * engine does not answer.
 */
export function takeSnapshot(
  at: number,
  engine: Json | Silence,
  answers: readonly ProxyAnswer[],
  points: ReadonlyMap<string, Point>,
  total: Point | null,
): Snapshot {
  const silence = isSilence(engine) ? engine : null
  const statuses = answers.flatMap(answer => ('status' in answer ? [answer.status] : []))
  const document = isSilence(engine) ? aloneDocument(statuses) : engine
  return {
    at,
    total,
    generation: Math.max(0, ...statuses.map(({ generation }) => numberOf(generation) ?? 0)),
    problems: recordsOf(document.problems),
    engine: silence,
    proxies: answers.map(answer => ({
      url: answer.url,
      generation: 'status' in answer ? (numberOf(answer.status.generation) ?? null) : null,
      silence: 'silence' in answer ? answer.silence : null,
    })),
    capabilities: recordsOf(document.capabilities).map(capability => {
      const name = textOf(capability.name)
      const routed = statuses.map(status => capabilityOf(status, name))
      return {
        ...capability,
        name,
        planned: capability.phase !== undefined,
        data: routed[0]?.data ?? null,
        key: routed[0]?.key ?? null,
        breaker: worstBreakers(routed),
        pinned: routed.reduce((sum, each) => sum + (numberOf(each.pinned) ?? 0), 0),
        inflightWrites: routed.reduce((sum, each) => sum + (numberOf(each.inflightWrites) ?? 0), 0),
        point: points.get(name) ?? null,
      }
    }),
  }
}

export function isSilence(answer: Json | Silence): answer is Silence {
  return typeof answer.code === 'string' && typeof answer.message === 'string'
}

function aloneDocument(statuses: readonly Json[]): Json {
  return statuses[0] === undefined ? { capabilities: [], problems: [] } : statusDocument(statuses[0])
}

/** Upstreams whose breaker is not closed at some proxy. */
function worstBreakers(routed: readonly Json[]): Json {
  const open = routed.flatMap(each =>
    Object.entries(recordOf(each.breaker)).filter(([, state]) => state !== 'closed'),
  )
  return Object.fromEntries(open)
}
