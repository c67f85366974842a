import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Registration } from '../discovery/service-registry.ts'
import { type RecordingFigures, recordingId } from '../recording/recorder.ts'
import type { Generation } from '../routing/generation.ts'
import type { Barrier } from '../routing/pins.ts'
import { createHoldBook } from './hold-book.ts'
import { type Channel, createLink, type Link } from './link.ts'
import {
  departed,
  mergeHoldEnds,
  mergeHolds,
  mergeRecordings,
  mergeReports,
  withoutComparison,
} from './merge-reports.ts'
import { createPinBoard } from './pin-board.ts'
import { createPooledMetrics } from './pooled-metrics.ts'
import type { GenerationOrder, PrimaryCalls, WorkerCalls, WorkerRole } from './worker-protocol.ts'
import type { RecordingStart, Workers, WorkersReport } from './workers.ts'

/** A process that has been started and not been told anything yet. */
export type ForkedWorker = {
  pid: number
  channel: Channel
  kill(): void
  onExit(listener: (how: string) => void): void
}

export type PoolOptions = {
  count: number
  fork(): ForkedWorker
  role: Omit<WorkerRole, 'id' | 'of'>
  barrier: Barrier | undefined
  clock: Clock
  log: Log
  /** For how long an answer is waited for; a worker that is silent longer is replaced. */
  silentMs?: number
}

export type WorkerPool = Workers & {
  /** Sums of the workers' metrics, those that died included. */
  registry: ReturnType<typeof createPooledMetrics>['registry']
  renewCertificate(): void
  close(drainMs: number): Promise<void>
}

type Member = {
  id: number
  forked: ForkedWorker
  link: Link<WorkerCalls>
  since: number
  /** Whether it has been given the state, and is told of every change from then on. */
  live: boolean
  /** Whether it has come so far that its end calls for another. */
  serving: boolean
  report: WorkersReport | undefined
  recordings: readonly RecordingFigures[]
}

const openMs = 30_000
const defaultSilentMs = 5_000
const pinMs = 1_000
const stopMs = 60_000
const steadyMs = 10_000
const restartMs = [0, 100, 500, 1_000, 5_000]

/**
 * Processes that serve one listener. The first generation starts them. One that dies is replaced by another that
 * begins with what holds by then; every change goes to all and is done when all have acknowledged it.
 */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { count, clock, log, silentMs = defaultSilentMs } = options
  const members = new Map<number, Member>()
  const book = createHoldBook(clock)
  const board = createPinBoard(options.barrier, clock, (capability, callers, everybody) => {
    for (const { link } of live()) link.tell('lifted', [capability, callers, everybody])
  })
  const metrics = createPooledMetrics(() =>
    each(async ({ id, link }) => ({ id, metrics: await link.call('metrics', []) })),
  )
  let generation: GenerationOrder | undefined
  let recording: (RecordingStart & { id: string }) | null = null
  /** By recording, how many workers died in it. */
  const lost = new Map<string, number>()
  let instances: readonly Registration[] = []
  let lastId = 0
  let failures = 0
  let closing = false
  /** What workers that are gone had counted when they were last asked. */
  let gone: WorkersReport = mergeReports([])
  const goneRecordings: Awaited<ReturnType<Workers['recordings']>> = []

  const live = () => [...members.values()].filter(member => member.live)

  async function start(): Promise<void> {
    const id = ++lastId
    const forked = options.fork()
    const link: Link<WorkerCalls> = createLink<WorkerCalls, PrimaryCalls>(forked.channel, {
      beginPin: (capability, caller) => beginPin(id, capability, caller),
      endPin: (ticket, wrote) => board.end(id, ticket, wrote),
    })
    const since = clock.elapsed()
    const member: Member = {
      id,
      forked,
      link,
      since,
      live: false,
      serving: false,
      report: undefined,
      recordings: [],
    }
    members.set(id, member)
    forked.onExit(how => ended(member, how))
    await link.call('open', [{ ...options.role, id, of: count }, generation!], openMs)
    // From here to the end of the call nothing else runs, so no change falls between the state and being live.
    member.live = true
    await link.call(
      'serve',
      [
        {
          generation: generation!,
          holds: book.standing(),
          pins: board.view(),
          recording: partOf(id),
          instances,
        },
      ],
      openMs,
    )
    member.serving = true
    log.info({ worker: id, pid: forked.pid }, 'worker serves')
  }

  function ended(member: Member, how: string): void {
    members.delete(member.id)
    member.link.end()
    board.endAll(member.id)
    metrics.left(member.id)
    if (member.report !== undefined) gone = mergeReports([gone, departed(member.report)])
    goneRecordings.push(...member.recordings.map(one => ({ ...one, active: false, open: 0 })))
    if (recording !== null && !closing) lost.set(recording.id, (lost.get(recording.id) ?? 0) + 1)
    if (closing || !member.serving) return
    failures = clock.elapsed() - member.since > steadyMs ? 0 : failures + 1
    log.error({ worker: member.id, pid: member.forked.pid, how }, 'a worker ended and is replaced')
    void replace()
  }

  async function replace(): Promise<void> {
    for (;;) {
      await clock.sleep(restartMs[Math.min(failures, restartMs.length - 1)]!)
      if (closing) return
      try {
        return await start()
      } catch (error) {
        failures++
        log.error({ cause: messageOf(error) }, 'a worker does not start')
      }
    }
  }

  /** A member that dies meanwhile takes no part: its successor has what holds by then. */
  async function each<T>(ask: (member: Member) => Promise<T>): Promise<T[]> {
    const settled = await Promise.allSettled(live().map(ask))
    const failed = settled
      .filter(result => result.status === 'rejected')
      .map(({ reason }) => reason)
      .find(reason => !isToolkitError(reason, 'WORKER_GONE'))
    if (failed !== undefined) throw failed
    return settled.filter(result => result.status === 'fulfilled').map(({ value }) => value)
  }

  async function beginPin(from: number, capability: string, caller: string): Promise<number> {
    const ticket = board.begin(from, capability, caller)
    await Promise.allSettled(
      live()
        .filter(({ id }) => id !== from)
        .map(({ link }) => link.call('pinned', [capability, caller], pinMs)),
    )
    return ticket
  }

  function whole(parts: readonly RecordingFigures[]): RecordingFigures {
    const merged = mergeRecordings(parts)
    return { ...merged, lostWorkers: lost.get(merged.id) ?? 0 }
  }

  function partOf(id: number): RecordingStart | null {
    return recording === null ? null : { ...recording, part: `worker${id}` }
  }

  /** Asks each in its own time; a hold that has ended everywhere is an error, one that has ended somewhere is not. */
  async function eachHolding<T>(ask: (member: Member) => Promise<T>, capability: string): Promise<T[]> {
    const answers = await each(member =>
      ask(member).catch(error => {
        if (isToolkitError(error, 'HOLD_NOT_FOUND')) return undefined
        throw error
      }),
    )
    const found = answers.filter(answer => answer !== undefined) as T[]
    if (found.length === 0) throw notHeld(capability)
    return found
  }

  return {
    registry: metrics.registry,
    async use(next, previous) {
      for (const [name, { stage }] of next.capabilities)
        if (stage !== 'canary' && previous?.capabilities.get(name)?.stage === 'canary') board.clear(name)
      generation = orderOf(next)
      if (previous === undefined) {
        await Promise.all(Array.from({ length: count }, start))
        return
      }
      const wanted = generation
      await each(async member => {
        try {
          await member.link.call('use', [wanted], silentMs)
        } catch (error) {
          // It must not go on serving what is no longer true.
          if (isToolkitError(error, 'WORKER_SILENT')) member.forked.kill()
          else throw error
        }
      })
    },
    async learn(known) {
      instances = known
      for (const { link } of live()) link.tell('learn', [known])
    },
    async report() {
      await each(async member => {
        member.report = await member.link.call('report', []).catch(error => {
          if (isToolkitError(error, 'WORKER_SILENT')) return member.report
          throw error
        })
      })
      return mergeReports([gone, ...live().flatMap(({ report }) => report ?? [])])
    },
    async beginHold({ capability, epoch, limits }) {
      const share = {
        ...limits,
        maxParked: Math.ceil(limits.maxParked / count),
        maxBytes: Math.ceil(limits.maxBytes / count),
      }
      const order = book.begin({ capability, epoch, limits: share })
      try {
        const begun = await each(({ link }) => link.call('beginHold', [order], silentMs))
        return { id: order.id, inflight: begun.reduce((sum, { inflight }) => sum + inflight, 0) }
      } catch (error) {
        // Either all park or none does.
        if (!isToolkitError(error, 'EPOCH_STALE')) {
          book.end(capability)
          for (const { link } of live()) link.tell('releaseHold', [capability, epoch])
        }
        throw error
      }
    },
    async drained(capability, withinMs) {
      const answers = await eachHolding(
        ({ link }) => link.call('drained', [capability, withinMs], withinMs + silentMs),
        capability,
      )
      return {
        inflight: answers.reduce((sum, { inflight }) => sum + inflight, 0),
        parked: answers.reduce((sum, { parked }) => sum + parked, 0),
        sinceMs: Math.max(...answers.map(({ sinceMs }) => sinceMs)),
      }
    },
    async renewHold(capability, epoch, leaseMs) {
      // A lease that is over at one worker is over: that worker has let its writes go.
      const views = await each(({ link }) => link.call('renewHold', [capability, epoch, leaseMs], silentMs))
      const merged = mergeHolds(views)
      if (merged === null) throw notHeld(capability)
      book.renew(capability, leaseMs)
      return merged
    },
    async releaseHold(capability, epoch) {
      const ends = await eachHolding(
        ({ link }) => link.call('releaseHold', [capability, epoch], silentMs),
        capability,
      )
      book.end(capability)
      return mergeHoldEnds(ends)
    },
    async resetComparison(capability) {
      await each(async member => {
        await member.link.call('resetComparison', [capability])
        if (member.report !== undefined) member.report = withoutComparison(member.report, capability)
      })
      gone = withoutComparison(gone, capability)
    },
    async startRecording(order) {
      const shared = { ...order, id: recordingId(clock.now()), maxBytes: Math.ceil(order.maxBytes / count) }
      const begun = await each(({ id, link }) =>
        link.call('startRecording', [{ ...shared, part: `worker${id}` }]),
      )
      recording = shared
      return whole(begun)
    },
    async stopRecording(id) {
      if (recording?.id === id) recording = null
      const ended = await each(({ link }) =>
        link.call('stopRecording', [id], stopMs).catch(error => {
          // A worker that was started after the recording had ended knows nothing of it.
          if (isToolkitError(error, 'RECORDING_UNKNOWN')) return undefined
          throw error
        }),
      )
      const parts = [...ended.flatMap(one => one ?? []), ...goneRecordings.filter(one => one.id === id)]
      if (parts.length === 0)
        throw new ToolkitError('RECORDING_UNKNOWN', `no recording ${id} was made by this process`)
      return whole(parts)
    },
    async recordings() {
      await each(async member => {
        member.recordings = await member.link.call('recordings', [])
      })
      const parts = [...live().flatMap(({ recordings }) => recordings), ...goneRecordings]
      const ids = [...new Set(parts.map(({ id }) => id))].sort().reverse()
      return ids.map(id => whole(parts.filter(one => one.id === id)))
    },
    renewCertificate() {
      for (const { link } of live()) link.tell('renewCertificate', [])
    },
    async close(drainMs) {
      closing = true
      board.close()
      await Promise.all(
        [...members.values()].map(async ({ link, forked, live }) => {
          const exit = new Promise<void>(resolve => forked.onExit(() => resolve()))
          const closed = live
            ? await link.call('close', [drainMs], drainMs + silentMs).catch(() => false)
            : false
          if (closed === false) forked.kill()
          const cut = setTimeout(() => forked.kill(), silentMs)
          await exit
          clearTimeout(cut)
        }),
      )
    },
  }
}

function notHeld(capability: string): ToolkitError {
  return new ToolkitError('HOLD_NOT_FOUND', `writes of ${capability} are not held`, {
    hint: 'the lease may be over: begin a new hold',
  })
}

function orderOf({ number, hash, config }: Generation): GenerationOrder {
  return { number, hash, config }
}
