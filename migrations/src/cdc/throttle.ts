import type { Clock } from '@strangler/kit/clock.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'

export type ThrottleOptions = {
  /** How loaded the server is now. */
  readLoad(): Promise<number>
  /** Work goes on at or below it. */
  maxLoad: number
  clock: Pick<Clock, 'sleep'>
  signal: AbortSignal
  /** Told once for each time that it waits. */
  onWait?(load: number): void
}

/** As percona-toolkit and gh-ost have it: a server with more statements at work has none to spare for a copy. */
export const defaultMaxThreadsRunning = 25
const againMs = 250

/**
 * To be awaited before each piece of work: resolves at once while the server has room, else once it has.
 * @throws the signal's reason
 */
export function createThrottle(options: ThrottleOptions): () => Promise<void> {
  const { readLoad, maxLoad, clock, signal, onWait } = options
  return async () => {
    let load = await readLoad()
    if (load <= maxLoad) return
    onWait?.(load)
    while (load > maxLoad) {
      await clock.sleep(againMs, signal)
      load = await readLoad()
    }
  }
}

/** Statements at work on that server, the one that asks not counted. */
export async function threadsRunning(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Threads_running'")
  return Math.max(0, Number(rows[0]?.Value ?? 0) - 1)
}
