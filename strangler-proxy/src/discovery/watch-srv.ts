import type { SrvRecord } from 'node:dns'
import { messageOf } from '@strangler/kit/toolkit-error.ts'

/** Asks DNS for the SRV records of a name. */
export type ResolveSrv = (name: string) => Promise<readonly SrvRecord[]>

const soonMs = 1_000
/** The name is known not to be there: an answer, unlike silence. */
const nobody = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * Asks again and again. A resolver that fails changes nothing, and is asked again within a second.
 * @param refreshMs between answers; node tells nothing of their TTL
 * @returns what ends it
 */
export function watchSrv(
  resolve: ResolveSrv,
  name: string,
  refreshMs: number,
  on: { onRecords(records: readonly SrvRecord[]): void; onFailure(cause: string): void },
): () => void {
  let ended = false
  let failing = false
  let timer: NodeJS.Timeout | undefined

  async function ask(): Promise<void> {
    let wait = refreshMs
    try {
      const records = await answered(resolve, name)
      failing = false
      if (!ended) on.onRecords(records)
    } catch (error) {
      if (!failing && !ended) on.onFailure(messageOf(error))
      failing = true
      wait = Math.min(refreshMs, soonMs)
    }
    if (ended) return
    timer = setTimeout(ask, wait)
    timer.unref()
  }

  void ask()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

async function answered(resolve: ResolveSrv, name: string): Promise<readonly SrvRecord[]> {
  try {
    return await resolve(name)
  } catch (error) {
    if (nobody.has((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
