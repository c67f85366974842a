import { AggregatorRegistry, Registry } from 'prom-client'

type WorkerMetrics = { id: number; metrics: object[] }

/** Metrics of all workers as one registry. Counts of a worker that died stay, so that no counter runs backwards. */
export function createPooledMetrics(ask: () => Promise<readonly WorkerMetrics[]>): {
  registry: Registry
  left(worker: number): void
} {
  const last = new Map<number, object[]>()
  let gone: object[] = []

  const registry = Object.assign(new Registry(), {
    async metrics(): Promise<string> {
      for (const { id, metrics } of await ask()) last.set(id, metrics)
      return AggregatorRegistry.aggregate([...last.values(), gone]).metrics()
    },
  })
  return {
    registry,
    left(worker) {
      const metrics = last.get(worker)
      last.delete(worker)
      if (metrics === undefined) return
      AggregatorRegistry.aggregate([gone, metrics.filter(counts)])
        .getMetricsAsJSON()
        .then(sum => {
          gone = sum
        })
    },
  }
}

function counts(metric: object): boolean {
  return 'type' in metric && (metric.type === 'counter' || metric.type === 'histogram')
}
