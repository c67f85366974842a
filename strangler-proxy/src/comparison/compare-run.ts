import type { Clock } from '@strangler/kit/clock.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { ComparisonConfig } from '../config/config-schema.ts'
import type { Observation } from '../forwarding/reply-tap.ts'
import type { AskedSystem } from './ask-system.ts'
import { fieldOf, shortened } from './canonical-value.ts'
import { type Comparison, compareObservations } from './compare-observations.ts'
import { ComparisonLedger, type RouteComparison } from './comparison-ledger.ts'
import type { Verdict } from './judge-comparison.ts'
import type { Conceal } from './redaction.ts'
import type { RecordedRequest } from './request-file.ts'
import { type Bound, bind, filled, isOwnValue } from './substitution.ts'

export type RunOptions = {
  config: ComparisonConfig
  conceal: Conceal
  /** How many callers are served at once. */
  concurrency: number
  /** Requests per second at most, of all callers together; undefined: as fast as they are answered. */
  ratePerSecond: number | undefined
  /** Which requests `before` is asked twice: `safe` by their method, so that no write happens twice. */
  twice: 'safe' | 'all' | 'none'
  clock: Clock
  signal: AbortSignal
}

/** A request whose answers differ. */
export type Example = {
  request: RecordedRequest
  paths: readonly string[]
  before: Observation | string
  after: Observation | string
}

export type RunResult = {
  requests: number
  matched: number
  ignored: number
  diverged: number
  /** Requests that could not be compared: `before` did not answer, or an answer is not what its type says. */
  errors: number
  noise: number
  verdict: Verdict
  routes: (Omit<RouteComparison, 'legacyMs' | 'extractedMs'> & {
    beforeMs: { p50: number; p99: number }
    afterMs: { p50: number; p99: number }
  })[]
  divergences: { route: string; path: string; count: number; before: string; after: string }[]
}

const keptExamples = 200

/** Asks both systems each request, in order per caller, and holds the answers against each other. */
export async function compareRun(
  before: AskedSystem,
  after: AskedSystem,
  requests: readonly RecordedRequest[],
  options: RunOptions,
): Promise<{ result: RunResult; examples: Example[] }> {
  const { config, conceal, clock, signal } = options
  const ledger = new ComparisonLedger('run')
  const examples: Example[] = []
  const due = createPacing(options)
  const today = new Date(clock.now()).toISOString().slice(0, 10)

  const given = { before: new Map() as Bound, after: new Map() as Bound }

  /** A token or an id that each system made by itself is no difference. */
  function withoutOwnValues({ divergences: all, ignored }: Comparison): Comparison {
    const shown = (bound: Bound, path: string) =>
      new Map(
        [...bound].flatMap(([name, value]) =>
          (['text', 'number'] as const).map(
            kind => [`${name} ${kind}`, shortened(conceal(fieldOf(path), value, kind))] as const,
          ),
        ),
      )
    const own = all.filter(({ path, legacy, extracted }) =>
      isOwnValue(legacy, extracted, shown(given.before, path), shown(given.after, path)),
    )
    if (own.length === 0) return { result: resultOf(all, ignored), divergences: all, ignored }
    const divergences = all.filter(difference => !own.includes(difference))
    const excused = own.map(({ path }) => ({ path, reason: 'each system gave a value of its own' }))
    const together = [...ignored, ...excused]
    return { result: resultOf(divergences, together), divergences, ignored: together }
  }

  async function one(request: RecordedRequest): Promise<void> {
    await due()
    const { route } = request
    const [left, right] = await Promise.all([
      answerOf(before, request, given.before),
      answerOf(after, request, given.after),
    ])
    if (typeof left === 'string') return ledger.recordError(route)
    bind(request, left, given.before)
    if (typeof right !== 'string') bind(request, right, given.after)
    ledger.recordLatency(route, 'legacy', left.ms)
    if (typeof right === 'string') {
      const difference = { path: 'answer', legacy: String(left.status), extracted: right }
      ledger.record(route, { result: 'diverged', divergences: [difference], ignored: [] }, '')
      keep({ request, paths: ['answer'], before: left, after: right })
      return
    }
    ledger.recordLatency(route, 'extracted', right.ms)
    try {
      const comparison = withoutOwnValues(
        await compareObservations(left, right, route, config, conceal, today),
      )
      ledger.record(route, comparison, '')
      if (comparison.result === 'diverged')
        keep({ request, paths: comparison.divergences.map(({ path }) => path), before: left, after: right })
    } catch {
      ledger.recordError(route)
    }
    if (options.twice === 'all' || (options.twice === 'safe' && request.isRead)) await again(request, left)
  }

  /** How often `before` differs from itself is how much of a divergence says nothing about `after`. */
  async function again(request: RecordedRequest, first: Observation): Promise<void> {
    const second = await answerOf(before, request, given.before)
    if (typeof second === 'string') return
    const noise = await compareObservations(first, second, request.route, config, conceal, today).catch(
      () => null,
    )
    if (noise !== null) ledger.recordNoise(request.route, noise.result === 'diverged')
  }

  function keep(example: Example): void {
    if (examples.length < keptExamples) examples.push(example)
  }

  const queues = [...Map.groupBy(requests, ({ caller }) => caller).values()]
  const worker = async () => {
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift())
      for (const request of queue) {
        signal.throwIfAborted()
        await one(request)
      }
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  const { verdict, routes, divergences, matched, ignored, diverged, errors, noise } = ledger.report(config)
  return {
    result: {
      requests: requests.length,
      matched,
      ignored,
      diverged,
      errors,
      noise,
      // What could not be compared has not been shown to be equal.
      verdict: verdict === 'pass' && errors > 0 ? 'insufficient' : verdict,
      routes: routes.map(({ legacyMs, extractedMs, ...route }) => ({
        ...route,
        beforeMs: legacyMs,
        afterMs: extractedMs,
      })),
      divergences: divergences.map(({ route, path, count, legacy, extracted }) => ({
        route,
        path,
        count,
        before: legacy,
        after: extracted,
      })),
    },
    examples,
  }

  function createPacing({ ratePerSecond }: RunOptions): () => Promise<void> {
    const began = clock.elapsed()
    let sent = 0
    return async () => {
      if (ratePerSecond === undefined) return
      const wait = began + (sent++ * 1_000) / ratePerSecond - clock.elapsed()
      if (wait > 0) await clock.sleep(wait, signal)
    }
  }
}

/** What was answered, or in words why there is no answer. */
async function answerOf(
  system: AskedSystem,
  request: RecordedRequest,
  bound: Bound,
): Promise<Observation | string> {
  const asked = filled(request, bound)
  if ('missing' in asked) return `not asked: no answer has given {{${asked.missing}}}`
  try {
    return await system.ask(asked)
  } catch (error) {
    return `no answer: ${messageOf(error)}`
  }
}

function resultOf(divergences: readonly unknown[], ignored: readonly unknown[]): Comparison['result'] {
  return divergences.length > 0 ? 'diverged' : ignored.length > 0 ? 'ignored' : 'matched'
}
