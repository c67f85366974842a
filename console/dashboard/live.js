import { get, ofCapability } from './api.js'

/** Five minutes, as the server keeps them. */
export const historyMs = 5 * 60_000

/**
 * The state of the system as the server tells it, once a second: the last snapshot, the verbs, and points per
 * capability once somebody has asked for them.
 */
export function createLive() {
  const listeners = new Set()
  const runs = new Map()
  const histories = new Map()
  const live = { snapshot: undefined, connected: false, runs: () => [...runs.values()].sort(newestFirst) }
  let source

  function tell(change) {
    for (const listener of listeners) listener(change)
  }

  function remember({ at, total, capabilities }) {
    for (const [name, points] of histories) {
      const point = name === '' ? total : capabilities.find(each => each.name === name)?.point
      if (point === undefined || point === null) continue
      if (points.at(-1)?.at !== point.at) points.push(point)
      while (points.length > 0 && at - points[0].at > historyMs) points.shift()
    }
  }

  live.open = () => {
    source = new EventSource('/api/events')
    source.addEventListener('open', () => {
      live.connected = true
      tell({ kind: 'connection' })
    })
    source.addEventListener('error', () => {
      live.connected = false
      tell({ kind: 'connection' })
      // A stream that the server refuses is not tried again by the browser: the session may be over.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => {
          if (source === undefined) return
          get('/api/session').then(({ by }) => (by === null ? live.lost() : live.reopen()), live.reopenLater)
        }, 2_000)
      }
    })
    source.addEventListener('snapshot', ({ data }) => {
      live.snapshot = JSON.parse(data)
      remember(live.snapshot)
      tell({ kind: 'snapshot' })
    })
    source.addEventListener('runs', ({ data }) => {
      runs.clear()
      for (const run of JSON.parse(data)) runs.set(run.id, run)
      tell({ kind: 'runs' })
    })
    source.addEventListener('run', ({ data }) => {
      const run = JSON.parse(data)
      const known = runs.get(run.id)
      runs.set(run.id, run)
      tell({ kind: 'runs' })
      if (run.ended !== null && known?.ended !== undefined && known.ended === null)
        tell({ kind: 'ended', run })
    })
  }
  live.close = () => {
    source?.close()
    source = undefined
    live.connected = false
  }
  live.reopen = () => {
    live.close()
    live.open()
  }
  live.reopenLater = () => setTimeout(live.reopen, 2_000)
  /** What to do when the session is over. */
  live.lost = () => {}
  live.listen = listener => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  live.capability = name => live.snapshot?.capabilities.find(each => each.name === name)
  /** Points of a capability, of all together for `''`; grows by itself from then on. */
  live.history = async name => {
    if (!histories.has(name)) {
      const points = []
      histories.set(name, points)
      const path = name === '' ? '/api/history' : ofCapability(name, 'history')
      const earlier = await get(path).catch(() => [])
      points.unshift(...earlier.filter(({ at }) => points.length === 0 || at < points[0].at))
    }
    return histories.get(name)
  }
  return live
}

function newestFirst(one, other) {
  return other.startedAt - one.startedAt
}
