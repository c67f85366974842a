import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { backfill } from '@strangler/migrations/cdc/backfill.ts'
import type { ChangeSources } from '@strangler/migrations/cdc/change-sources.ts'
import { type CheckpointHolder, takeCheckpoint } from '@strangler/migrations/cdc/checkpoint.ts'
import { createStream } from '@strangler/migrations/cdc/stream.ts'
import { createSync } from '@strangler/migrations/cdc/sync.ts'
import { verify } from '@strangler/migrations/cdc/verify.ts'
import { connectApplier, connectToolkit, type Database } from '@strangler/migrations/data/database.ts'
import { copyBare, followBare } from './cdc-bare-loops.ts'
import { mapping, plan } from './cdc-tables.ts'

export type CdcTask =
  | { task: 'ready' }
  | { task: 'follow' | 'follow bare'; from: string; until: string; epoch: number; rows: number }
  | { task: 'copy' | 'copy bare' }
  | { task: 'verify' }
  | { task: 'lag'; perSecond: number; seconds: number; epoch: number; firstId: number }

export type CdcParts = {
  adminUrl: string
  databases: { legacy: Database; extracted: Database }
  sources: ChangeSources
}

const log = createLog('bench', 'error')
const never = new AbortController().signal
const withinMs = 600_000

/** @returns what was measured; `ms` of all but `ready` */
export async function runCdcTask(asked: CdcTask, parts: CdcParts): Promise<Record<string, number>> {
  const { adminUrl, databases, sources } = parts
  const began = performance.now()
  const elapsed = () => ({ ms: performance.now() - began })
  switch (asked.task) {
    case 'ready':
      await sources.ready(plan, 'legacy', never)
      return {}
    case 'follow': {
      const sync = createSync({
        capability: plan.capability,
        direction: 'forward',
        tables: [mapping],
        source: databases.legacy,
        target: databases.extracted,
        epoch: asked.epoch,
        openSource: sources.open(plan, 'legacy'),
        log,
        clock: systemClock,
      })
      await sync.start(asked.from)
      await sync.waitUntilApplied({ position: asked.until }, { timeoutMs: withinMs })
      const result = elapsed()
      await sync.stop()
      return result
    }
    case 'follow bare':
      await followBare(adminUrl, asked.from, asked.rows)
      return elapsed()
    case 'copy':
      await backfill({
        capability: plan.capability,
        direction: 'forward',
        tables: [mapping],
        source: databases.legacy,
        target: databases.extracted,
        epoch: 1,
        log,
        clock: systemClock,
        signal: never,
        onProgress: () => {},
      })
      return elapsed()
    case 'copy bare':
      await copyBare(adminUrl)
      return elapsed()
    case 'verify': {
      const result = await verify({
        direction: 'forward',
        tables: [mapping],
        source: databases.legacy,
        target: databases.extracted,
        sync: null,
        clock: systemClock,
        signal: never,
      })
      if (!result.ok) throw new Error(`the sides differ: ${JSON.stringify(result.tables)}`)
      return elapsed()
    }
    case 'lag':
      return measureLag(asked, parts)
  }
}

/** From the answer to COMMIT until the copy's COMMIT was answered, by one clock: writers and applier share this process. */
async function measureLag(
  { perSecond, seconds, epoch, firstId }: Extract<CdcTask, { task: 'lag' }>,
  { databases, sources }: CdcParts,
): Promise<Record<string, number>> {
  const held: CheckpointHolder = {
    controlSchema: databases.extracted.controlSchema,
    capability: plan.capability,
    direction: 'forward',
    epoch,
    holder: crypto.randomUUID(),
  }
  const writers = await Promise.all(Array.from({ length: 8 }, () => connectToolkit(databases.legacy)))
  const target = await connectApplier(databases.extracted, 'forward')
  await sources.ready(plan, 'legacy', never)
  const [position] = await writers[0]!.query('SELECT @@GLOBAL.gtid_binlog_pos AS position')
  await takeCheckpoint(target, held, (position as { position: string }[])[0]!.position)
  const committed = new Map<number, number>()
  const applied = new Map<number, number>()
  const leaving = new AbortController()
  const stream = createStream({
    capability: plan.capability,
    direction: 'forward',
    tables: [mapping],
    source: databases.legacy,
    target: databases.extracted,
    held,
    openSource: sources.open(plan, 'legacy'),
    onApplied: ({ writes }) => {
      const now = performance.now()
      for (const { key } of writes) applied.set(Number(key[0]), now)
    },
  })
  const following = stream.follow(leaving.signal)
  const total = perSecond * seconds
  let next = 0
  const began = performance.now()
  const write = async (writer: (typeof writers)[number]) => {
    while (next < total) {
      const nth = next++
      const wait = began + (nth / perSecond) * 1_000 - performance.now()
      if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait))
      const id = firstId + nth
      await writer.query(`INSERT INTO ITEM VALUES (${id}, 'Kunde', NULL, 100, 'A', '20240229')`)
      committed.set(id, performance.now())
    }
  }
  await Promise.all(writers.map(write))
  const wroteMs = performance.now() - began
  const deadline = performance.now() + 60_000
  while (applied.size < total && performance.now() < deadline)
    await new Promise(resolve => setTimeout(resolve, 5))
  leaving.abort()
  await following
  for (const connection of [...writers, target]) connection.destroy()
  if (applied.size < total) throw new Error(`${total - applied.size} of ${total} rows were not applied`)
  // what was applied before its writer was told has no lag
  const lags = [...committed].map(([id, at]) => Math.max(0, applied.get(id)! - at)).sort((a, b) => a - b)
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: lags.at(-1)!, perSecond: (total / wroteMs) * 1_000 }
}
