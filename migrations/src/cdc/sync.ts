import { randomUUID } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { connectApplier, type Database, origin } from '../data/database.ts'
import { isTransient } from '../data/database-error.ts'
import type { Direction, TableMapping } from '../data/table-mapping.ts'
import { readAppliedSignals } from './applied-signals.ts'
import { createAppliedWaiters } from './applied-waiters.ts'
import type { OpenSource } from './change-source.ts'
import { type ChangedKeyLog, type ChangedKeys, createChangedKeyLog } from './changed-keys.ts'
import { type CheckpointHolder, takeCheckpoint } from './checkpoint.ts'
import { endStuckHolder } from './end-stuck-holder.ts'
import { parsePosition, transactionsBehind } from './gtid-position.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { createLagGauge, type LagGauge } from './lag.ts'
import { countParked } from './parked-change.ts'
import { heartbeatId } from './signal-table.ts'
import { type Applied, createStream } from './stream.ts'

export type SyncOptions = {
  capability: string
  direction: Direction
  /** Parents before children. */
  tables: readonly TableMapping[]
  /** Where changes come from: `legacy` when forward. */
  source: Database
  target: Database
  /** Of the write ownership this sync serves. A target that has seen a higher one refuses it. */
  epoch: number
  /** Default: the binlog of `source`. */
  openSource?: OpenSource
  log: Log
  clock: Clock
}

export type SyncStatus = {
  direction: Direction
  epoch: number
  running: boolean
  /** Applied up to here (GTID position of the source); null before the first start. */
  position: string | null
  /** Age of the newest change known to be applied, by this process's clock through heartbeat rows; whole ms. */
  lagMs: number
  /** Source transactions committed and not yet applied, as of the last heartbeat. */
  positionsBehind: number
  /** Changes applied since the process made this sync. */
  applied: number
  /** Why it stopped, or what it is retrying after (then `running` is true). */
  error: { code: string; message: string } | null
  /** Changes of this capability and direction that could not be applied and wait for a decision. */
  parked: number
}

export type Sync = {
  /**
   * Takes over the checkpoint of this capability and direction (an earlier holder is fenced off) and begins to stream;
   * resolves when it runs. A second start of the same epoch resumes at the stored checkpoint, whatever `from` says;
   * the first start of a new epoch begins at `from`.
   * @param from GTID position of the source
   * @throws ToolkitError EPOCH_STALE, CHECKPOINT_MISSING (neither stored nor given), SYNC_RUNNING
   */
  start(from?: string): Promise<void>
  /** Resolves when nothing more will be written to the target. Stopping twice is fine. */
  stop(): Promise<void>
  status(): SyncStatus
  /**
   * Resolves as soon as everything up to `position` has been applied, and the signal row has come through, whichever
   * are given.
   * @throws ToolkitError SYNC_WAIT_TIMEOUT (with position and lag), SYNC_STOPPED; the signal's reason
   */
  waitUntilApplied(
    until: { position?: string; signalId?: string },
    limits: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<void>
  /** Keys changed since the previous call, or since the start. */
  takeChangedKeys(): ChangedKeys
}

const firstRetryMs = 50
const slowestRetryMs = 2_000
/** Beats are written and none comes through: the connection is dead without having said so. */
const silenceMs = 15_000

/** Sync of one capability in one direction. Nothing runs before `start`. */
export function createSync(options: SyncOptions): Sync {
  const { capability, direction, source, target, epoch, clock } = options
  const log = options.log.child({ capability, direction, epoch })
  const ignoredDomains = new Set<number>([origin.domain])
  let running: { stopping: AbortController; ended: Promise<void>; heartbeat: Heartbeat } | undefined
  let waiters = createAppliedWaiters()
  let lag: LagGauge | undefined
  let changedKeys: ChangedKeyLog | undefined
  let position: string | null = null
  let head: () => string | undefined = () => undefined
  let applied = 0
  let heardAt = 0
  let parked = 0
  let failure: { code: string; message: string } | null = null

  const onApplied = (batch: Applied) => {
    position = batch.position
    applied += batch.writes.length
    changedKeys?.add(batch.writes)
    for (const signal of batch.signals)
      if (signal.kind === 'heartbeat' && signal.id === heartbeatId(capability, direction))
        lag?.heartbeatApplied(signal.at)
    parked = batch.parked
    if (batch.writes.length > 0 || batch.signals.length > 0) failure = null
    waiters.applied(
      batch.position,
      batch.signals.map(signal => signal.id),
    )
  }

  const fail = (error: unknown) => {
    failure = { code: codeOf(error), message: messageOf(error) }
  }

  /** Streams until stopped. Every failure begins again at the stored checkpoint; a lasting one ends the sync. */
  const run = async (held: CheckpointHolder, signal: AbortSignal) => {
    const onHeard = () => {
      heardAt = clock.elapsed()
    }
    const stream = createStream({ ...options, held, onApplied, onHeard })
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      const before = position
      try {
        await attempt(signal, live => stream.follow(live))
      } catch (error) {
        if (signal.aborted) return
        fail(error)
        if (!isTransient(error)) {
          log.error({ code: failure?.code, position }, `sync stopped: ${failure?.message}`)
          return
        }
        if (position !== before) retryMs = firstRetryMs
        log.warn({ code: failure?.code, retryMs }, `sync interrupted: ${failure?.message}`)
        await clock.sleep(retryMs, signal).catch(() => {})
        retryMs = Math.min(retryMs * 2, slowestRetryMs)
      }
    }
  }

  /** One connection's life, ended when the stream has gone silent while the source answers. */
  const attempt = async (signal: AbortSignal, follow: (signal: AbortSignal) => Promise<void>) => {
    const silent = new AbortController()
    heardAt = clock.elapsed()
    const watch = setInterval(() => {
      const beatAt = running?.heartbeat.lastAt()
      if (beatAt !== undefined && beatAt - heardAt > silenceMs) silent.abort()
    }, 1_000)
    try {
      await follow(AbortSignal.any([signal, silent.signal]))
      if (!signal.aborted)
        throw new ToolkitError('SOURCE_LOST', `nothing came from ${source.name} for ${silenceMs} ms`)
    } finally {
      clearInterval(watch)
    }
  }

  const start = async (from?: string) => {
    if (running !== undefined)
      throw new ToolkitError('SYNC_RUNNING', `${direction} sync of ${capability} is running already`)
    const held: CheckpointHolder = {
      controlSchema: target.controlSchema,
      capability,
      direction,
      epoch,
      holder: randomUUID(),
    }
    await endStuckHolder(target, held)
    const connection = await connectApplier(target, direction)
    let begin: string
    waiters = createAppliedWaiters()
    try {
      begin = await takeCheckpoint(connection, held, from)
      parked = await countParked(connection, held)
      waiters.applied(begin, await readAppliedSignals(connection, held))
    } finally {
      await connection.end()
    }
    position = begin
    failure = null
    lag = createLagGauge(clock)
    changedKeys = createChangedKeyLog(begin)
    const stopping = new AbortController()
    const heartbeat = startHeartbeat(
      source,
      {
        id: heartbeatId(capability, direction),
        side: direction === 'forward' ? 'legacy' : 'extracted',
        capability,
        kind: 'heartbeat',
        epoch,
      },
      clock,
    )
    head = heartbeat.head
    const ended = run(held, stopping.signal).finally(async () => {
      running = undefined
      waiters.rejectAll(
        new ToolkitError(
          'SYNC_STOPPED',
          `${direction} sync of ${capability} stopped${failure === null ? '' : `: ${failure.message}`}`,
          { details: { position, error: failure } },
        ),
      )
      await heartbeat.stop()
    })
    running = { stopping, ended, heartbeat }
    log.info({ position: begin }, 'sync started')
  }

  return {
    start,
    async stop() {
      if (running === undefined) return
      const { stopping, ended } = running
      stopping.abort()
      await ended
      log.info({ position }, 'sync stopped')
    },
    status() {
      const seen = head()
      return {
        direction,
        epoch,
        running: running !== undefined,
        position,
        lagMs: lag?.lagMs() ?? 0,
        positionsBehind:
          seen === undefined || position === null
            ? 0
            : transactionsBehind(parsePosition(position), parsePosition(seen), ignoredDomains),
        applied,
        error: failure,
        parked,
      }
    },
    async waitUntilApplied(until, { timeoutMs, signal }) {
      if (running === undefined)
        throw new ToolkitError('SYNC_STOPPED', `${direction} sync of ${capability} is not running`, {
          details: { position, error: failure },
        })
      await waiters.wait(until, {
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
        timedOut: () =>
          new ToolkitError('SYNC_WAIT_TIMEOUT', `not applied within ${timeoutMs} ms`, {
            details: { ...until, reached: position, lagMs: lag?.lagMs() ?? null, error: failure },
          }),
      })
    },
    takeChangedKeys() {
      if (changedKeys === undefined || position === null)
        return { complete: false, since: '', keys: new Map() }
      return changedKeys.take(position)
    },
  }
}

function codeOf(error: unknown): string {
  if (isToolkitError(error)) return error.code
  return isTransient(error) ? 'DATABASE_LOST' : 'SYNC_FAILED'
}
