import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { Pool } from 'undici'
import type { DrillLoad } from '../plan/plan.ts'
import { createLedger, type Ledger, type Outcome } from './ledger.ts'
import { createRandom } from './random.ts'

export type Load = {
  ledger: Ledger
  /** Requests sent so far, and the first few that failed, in words. */
  requests(): { total: number; failed: number; failures: readonly string[] }
  /** Sends no more and waits for the answers that are due. */
  stop(): Promise<void>
}

const answerWithinMs = 10_000
const keptFailures = 5

/**
 * Writes through the entry URL at a steady rate, whether or not answers come: what a parked write delays must not
 * slow down the next one.
 * @param prefix of every token, unique to this drill
 */
export function startLoad(
  entryUrl: string,
  load: Pick<DrillLoad, 'writes'>,
  subjects: readonly string[],
  options: { ratePerSecond: number; seed: number; prefix: string },
): Load {
  const pool = new Pool(entryUrl, {
    connections: 256,
    pipelining: 1,
    headersTimeout: answerWithinMs,
    bodyTimeout: answerWithinMs,
  })
  const random = createRandom(options.seed)
  const ledger = createLedger()
  const failures: string[] = []
  const due = new Set<Promise<void>>()
  let total = 0
  let failed = 0

  async function write(serial: number): Promise<void> {
    const kind = load.writes[serial % load.writes.length]!
    const subject = subjects[Math.floor(random() * subjects.length)]!
    const token = `${options.prefix}-${String(serial).padStart(6, '0')}`
    const { method, path, headers, body } = kind.request(subject, token)
    total++
    const { outcome, said } = await send(method, path, headers, body)
    ledger.record(token, outcome)
    if (outcome === 'acknowledged') return
    failed++
    if (failures.length < keptFailures) failures.push(`${kind.name}: ${said}`)
  }

  async function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<{ outcome: Outcome; said: string }> {
    try {
      const reply = await pool.request({ method, path, headers, body })
      const text = await reply.body.text()
      return reply.statusCode >= 200 && reply.statusCode < 300
        ? { outcome: 'acknowledged', said: '' }
        : { outcome: 'failed', said: `${reply.statusCode} ${text.slice(0, 200)}` }
    } catch (error) {
      return { outcome: 'unknown', said: messageOf(error) }
    }
  }

  const began = performance.now()
  let sent = 0
  const tick = setInterval(() => {
    const wanted = Math.floor(((performance.now() - began) / 1_000) * options.ratePerSecond)
    while (sent < wanted) {
      const done = write(sent++).finally(() => due.delete(done))
      due.add(done)
    }
  }, 5)

  return {
    ledger,
    requests: () => ({ total, failed, failures }),
    stop: async () => {
      clearInterval(tick)
      await Promise.all(due)
      await pool.close()
    },
  }
}
