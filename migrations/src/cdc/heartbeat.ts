import type { Clock } from '@strangler/kit/clock.ts'
import type { Connection } from 'mysql2/promise'
import { connectToolkit, type Database } from '../data/database.ts'
import { heartbeatIntervalMs } from './lag.ts'
import { readServerPosition, type Signal, storeSignal } from './signal-table.ts'

export type Heartbeat = {
  /** The source's position as of the last beat. */
  head(): string | undefined
  /** Monotonic time of the last beat written. */
  lastAt(): number | undefined
  stop(): Promise<void>
}

/** Writes `signal` on the source's server each second. A server that is away is tried again at the next beat. */
export function startHeartbeat(source: Database, signal: Signal, clock: Clock): Heartbeat {
  const stopping = new AbortController()
  let connection: Connection | undefined
  let head: string | undefined
  let lastAt: number | undefined

  const beat = async () => {
    try {
      connection ??= await connectToolkit(source)
      await storeSignal(connection, source.controlSchema, signal, clock.now())
      head = await readServerPosition(connection)
      lastAt = clock.elapsed()
    } catch {
      // the lag that grows without beats tells; the stream's own errors say why
      connection?.destroy()
      connection = undefined
    }
  }
  const beating = (async () => {
    while (!stopping.signal.aborted) {
      await beat()
      await clock.sleep(heartbeatIntervalMs, stopping.signal).catch(() => {})
    }
    connection?.destroy()
  })()
  return {
    head: () => head,
    lastAt: () => lastAt,
    stop() {
      stopping.abort()
      return beating
    },
  }
}
