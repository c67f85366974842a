import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { Pool } from 'undici'
import type { DrillLoad, DrillRequest } from '../plan/plan.ts'
import { createLedger, type Ledger, type Outcome } from './ledger.ts'
import { createRandom } from './random.ts'
import { createReadWatch, type ReadProof } from './read-proof.ts'

export type Load = {
  ledger: Ledger
  /** Requests sent so far, and the first few that failed, in words. */
  requests(): { total: number; failed: number; failures: readonly string[] }
  /** Acknowledged writes by the side that says it served them, and requests without an answer yet. */
  figures(): { legacy: number; extracted: number; waiting: number }
  /** What the callers saw, as far as the plan has a read. */
  reads(): ReadProof
  /** Sends no more and waits for the answers that are due. */
  stop(): Promise<void>
}

const answerWithinMs = 10_000
const keptFailures = 5
/** One acknowledged write of so many is followed by a read of the same caller. */
const readsOneOf = 4

/**
 * Writes through the entry URL at a steady rate, whether or not answers come: what a parked write delays must not
 * slow down the next one. A subject is a caller of its own.
 * @param prefix of every token, unique to this drill
 */
export function startLoad(
  entryUrl: string,
  load: Pick<DrillLoad, 'writes' | 'read'>,
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
  const watch = createReadWatch(options.prefix)
  const failures: string[] = []
  const due = new Set<Promise<void>>()
  const served = { legacy: 0, extracted: 0 }
  let total = 0
  let waiting = 0
  let failed = 0

  async function write(serial: number): Promise<void> {
    const kind = load.writes[serial % load.writes.length]!
    const subject = subjects[Math.floor(random() * subjects.length)]!
    const token = `${options.prefix}-${String(serial).padStart(6, '0')}`
    const sentAt = performance.now()
    const { outcome } = await send(kind.name, kind.request(subject, token))
    ledger.record(token, outcome, { subject, sentAt, answeredAt: performance.now() })
    if (outcome !== 'acknowledged') return
    watch.acknowledged(subject, token)
    if (load.read !== undefined && serial % readsOneOf === 0) await read(load.read, subject)
  }

  async function read(spec: NonNullable<DrillLoad['read']>, subject: string): Promise<void> {
    const answered = watch.reads(subject)
    const { outcome, said } = await send(spec.name, spec.request(subject))
    if (outcome === 'acknowledged') answered(said)
  }

  async function send(
    name: string,
    { method, path, headers, body }: DrillRequest,
  ): Promise<{ outcome: Outcome; said: string }> {
    total++
    waiting++
    const { outcome, said } = await exchange({ method, path, headers, body })
    waiting--
    if (outcome !== 'acknowledged') {
      failed++
      if (failures.length < keptFailures) failures.push(`${name}: ${said}`)
    }
    return { outcome, said }
  }

  async function exchange(request: DrillRequest): Promise<{ outcome: Outcome; said: string }> {
    try {
      const reply = await pool.request(request)
      const text = await reply.body.text()
      const side = reply.headers['strangler-side']
      if (request.method !== 'GET' && (side === 'legacy' || side === 'extracted')) served[side]++
      return reply.statusCode >= 200 && reply.statusCode < 300
        ? { outcome: 'acknowledged', said: text }
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
    figures: () => ({ ...served, waiting }),
    reads: watch.proof,
    stop: async () => {
      clearInterval(tick)
      await Promise.all(due)
      await pool.close()
    },
  }
}
