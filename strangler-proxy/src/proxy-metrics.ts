import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { CapabilityState } from './capability-state.ts'
import type { Mirror } from './comparison/mirror.ts'
import type { UpstreamView } from './forwarding/upstreams.ts'
import type { HoldReport } from './holding/hold-desk.ts'
import type { SpanExporter } from './tracing/span-exporter.ts'

/** What a finished request counts as: the labels, all of them from short lists. */
export type RequestLabels = {
  capability: string
  side: string
  effect: string
  outcome: string
}

export type ProxyMetrics = {
  requestEnded(labels: RequestLabels, seconds: number): void
  holdEnded(capability: string, report: HoldReport): void
  connectionRefused(): void
  /** Gauges are read when somebody scrapes. */
  observe(source: MetricsSource): void
}

export type MetricsSource = {
  generation(): number
  states(): Iterable<CapabilityState>
  mirror: Mirror
  breakers(): Record<string, string>
  upstreams(): readonly UpstreamView[]
  spans: Pick<SpanExporter, 'dropped'> | undefined
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createProxyMetrics(registry: Registry): ProxyMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'strangler_requests_total',
    help: 'Requests by capability, side, effect and outcome',
    labelNames: ['capability', 'side', 'effect', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'strangler_request_duration_seconds',
    help: 'From admission until the reply of the upstream ended',
    labelNames: ['capability', 'side'],
    buckets: secondsBuckets,
    registers,
  })
  const held = new Counter({
    name: 'strangler_held_writes_total',
    help: 'Writes that were parked, by how their wait ended',
    labelNames: ['capability', 'end'],
    registers,
  })
  const longest = new Gauge({
    name: 'strangler_hold_longest_wait_seconds',
    help: 'Longest wait of a write in the last hold',
    labelNames: ['capability'],
    aggregator: 'max',
    registers,
  })
  const refused = new Counter({
    name: 'strangler_connections_refused_total',
    help: 'Connections over the limit, closed without an answer',
    registers,
  })
  // Finding the series of a label set costs more than counting in it.
  const series = new Map<
    string,
    { count: Counter.Internal; time: Histogram.Internal<'capability' | 'side'> }
  >()
  function seriesOf({ capability, side, effect, outcome }: RequestLabels) {
    const key = `${capability} ${side} ${effect} ${outcome}`
    let found = series.get(key)
    if (found === undefined) {
      found = {
        count: requests.labels({ capability, side, effect, outcome }),
        time: duration.labels({ capability, side }),
      }
      series.set(key, found)
    }
    return found
  }
  return {
    connectionRefused: () => refused.inc(),
    requestEnded(labels, seconds) {
      const { count, time } = seriesOf(labels)
      count.inc()
      time.observe(seconds)
    },
    holdEnded(capability, { released, expired, refused, waits }) {
      held.inc({ capability, end: 'released' }, released)
      held.inc({ capability, end: 'expired' }, expired)
      held.inc({ capability, end: 'refused' }, refused)
      longest.set({ capability }, waits.maxMs / 1_000)
    },
    observe: source => registerGauges(registry, source),
  }
}

function registerGauges(registry: Registry, source: MetricsSource): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    read: () => Iterable<[Record<string, string>, number]>,
    /** What stands for all workers. */
    aggregator: 'sum' | 'min' | 'max' = 'sum',
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      aggregator,
      registers: [registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.set(labels, value)
      },
    })
  const perCapability = (value: (state: CapabilityState) => number) => () =>
    [...source.states()].map((state): [Record<string, string>, number] => [
      { capability: state.name },
      value(state),
    ])

  gauge(
    'strangler_generation',
    'Number of the generation served',
    [],
    () => [[{}, source.generation()]],
    'min',
  )
  gauge(
    'strangler_inflight_writes',
    'Writes admitted whose reply has not ended',
    ['capability'],
    perCapability(state => state.desk.inflight()),
  )
  gauge(
    'strangler_parked_writes',
    'Writes waiting in a hold',
    ['capability'],
    perCapability(state => state.desk.holding()?.parked ?? 0),
  )
  gauge(
    'strangler_pinned_callers',
    'Callers kept on the write owner until their write is applied',
    ['capability'],
    perCapability(state => state.pins.size()),
    'max',
  )
  gauge(
    'strangler_breaker_open',
    'Whether the breaker of an upstream is not closed',
    ['upstream'],
    () =>
      Object.entries(source.breakers()).map(([upstream, state]) => [
        { upstream },
        state === 'closed' ? 0 : 1,
      ]),
    'max',
  )
  gauge(
    'strangler_upstream_servers',
    'Servers of an upstream that are known, by the file, the registry or DNS',
    ['upstream'],
    () => source.upstreams().map(({ name, instances }) => [{ upstream: name }, instances.length]),
    'max',
  )
  gauge(
    'strangler_bulkhead_requests',
    'Requests that the bulkhead of an upstream has seated, lets wait, or has refused since the start',
    ['upstream', 'state'],
    () =>
      source
        .upstreams()
        .flatMap(({ name, bulkhead }) =>
          Object.entries(bulkhead ?? {}).map(([state, count]): [Record<string, string>, number] => [
            { upstream: name, state },
            count,
          ]),
        ),
  )
  gauge('strangler_spans_dropped', 'Spans dropped since the start', ['reason'], () =>
    Object.entries(source.spans?.dropped() ?? {}).map(([reason, count]) => [{ reason }, count]),
  )
  gauge('strangler_mirror_queue', 'Copies waiting or being asked', [], () => [[{}, source.mirror.size()]])
  gauge('strangler_mirror_drops', 'Copies dropped since the start', ['reason'], () =>
    Object.entries(source.mirror.drops()).map(([reason, count]) => [{ reason }, count]),
  )
}
