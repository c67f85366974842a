import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'
import { type Json, numberOf, recordsOf, textOf } from '../render/json-fields.ts'
import type { ProxyView } from './proxy-view.ts'
import { isSilence, type ProxyAnswer, type Silence, type Snapshot, takeSnapshot } from './system-snapshot.ts'
import { type Point, pointOf, type Reading, readProxy, totalOf } from './traffic-figures.ts'

export type SystemWatch = {
  /** Undefined until the first look. */
  current(): Snapshot | undefined
  /** The last five minutes of a capability, oldest first; of all together where none is named. */
  history(capability?: string): readonly Point[]
  /** Calls with every snapshot from now on, one a second; returns how to stop. */
  watch(listener: (snapshot: Snapshot) => void): () => void
  /** Looks now, after a verb has changed something. */
  hurry(): void
  close(): Promise<void>
}

const everyMs = 1_000
/** Nobody looks: the history goes on, at little cost for the system. */
const idleEveryMs = 5_000
const historyMs = 5 * 60_000

/** Looks at engine and proxies again and again, for however many pages. */
export function watchSystem(
  engineStatus: () => Promise<Json>,
  proxies: readonly ProxyView[],
  clock: Clock,
  log: Log,
): SystemWatch {
  const stopped = new AbortController()
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const history = new Map<string, Point[]>()
  let readings = new Map<string, Reading>()
  let snapshot: Snapshot | undefined
  let total: Point | undefined
  let wake = new AbortController()

  async function readProxies(): Promise<{ answers: ProxyAnswer[]; next: Map<string, Reading> }> {
    const next = new Map<string, Reading>()
    const answers = await Promise.all(
      proxies.map(async ({ url, status, metrics }): Promise<ProxyAnswer> => {
        try {
          const [said, text] = await Promise.all([status(), metrics()])
          next.set(url, readProxy(said, text, clock.elapsed()))
          return { url, status: said }
        } catch (error) {
          return { url, silence: silenceOf(error) }
        }
      }),
    )
    return { answers, next }
  }

  async function look(): Promise<void> {
    const [engine, { answers, next }] = await Promise.all([engineStatus().catch(silenceOf), readProxies()])
    const at = clock.now()
    const points = new Map<string, Point>()
    if (readings.size > 0) {
      const lags = lagsOf(engine)
      for (const name of namesOf(next)) {
        const point = pointOf(name, next, readings, lags.get(name) ?? null, at)
        points.set(name, point)
        remember(name, point)
      }
      total = totalOf([...points.values()], at)
      remember('', total)
    }
    readings = next
    snapshot = takeSnapshot(at, engine, answers, points, total ?? null)
    for (const listener of listeners) listener(snapshot)
  }

  function remember(name: string, point: Point): void {
    const kept = history.get(name) ?? []
    kept.push(point)
    while (kept[0] !== undefined && point.at - kept[0].at > historyMs) kept.shift()
    history.set(name, kept)
  }

  async function pause(ms: number): Promise<void> {
    wake = new AbortController()
    await clock.sleep(ms, AbortSignal.any([wake.signal, stopped.signal])).catch(() => {})
  }

  const looking = (async () => {
    while (!stopped.signal.aborted) {
      const began = clock.elapsed()
      // An answer of a shape that nobody foresaw must not end the watch.
      await look().catch(error => log.error({ err: error }, 'a look at the system failed'))
      const period = listeners.size > 0 ? everyMs : idleEveryMs
      await pause(Math.max(0, period - (clock.elapsed() - began)))
    }
  })()

  return {
    current: () => snapshot,
    history: (capability = '') => history.get(capability) ?? [],
    watch: listener => {
      listeners.add(listener)
      if (listeners.size === 1) wake.abort()
      return () => listeners.delete(listener)
    },
    hurry: () => wake.abort(),
    close: async () => {
      stopped.abort()
      await looking
    },
  }
}

function silenceOf(error: unknown): Silence {
  return { code: isToolkitError(error) ? error.code : 'UNREADABLE', message: messageOf(error) }
}

function namesOf(readings: ReadonlyMap<string, Reading>): Set<string> {
  return new Set(
    [...readings.values()].flatMap(({ status }) =>
      recordsOf(status.capabilities).map(({ name }) => textOf(name)),
    ),
  )
}

function lagsOf(engine: Json | Silence): Map<string, number | null> {
  if (isSilence(engine)) return new Map()
  return new Map(
    recordsOf(engine.capabilities).map(({ name, lagMs }) => [textOf(name), numberOf(lagMs) ?? null]),
  )
}
