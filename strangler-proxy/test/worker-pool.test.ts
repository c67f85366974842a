import { expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { createGeneration, type Generation } from '../src/routing/generation.ts'
import { type Channel, createLink } from '../src/workers/link.ts'
import { createWorkerPool, type ForkedWorker } from '../src/workers/worker-pool.ts'
import type { PrimaryCalls, WorkerCalls, WorkerState } from '../src/workers/worker-protocol.ts'
import type { WorkersReport } from '../src/workers/workers.ts'
import { configText, memoryLog, until } from './proxy-kit.ts'

type Script = { [K in keyof WorkerCalls]?: (...args: Parameters<WorkerCalls[K]>) => unknown }

const limits = { maxParked: 10, maxBytes: 1_000, leaseMs: 5_000 }
const hold = { capability: 'customers', epoch: 3, limits }

/** A worker at the other end of the protocol that does what a test tells it. */
class FakeWorker {
  readonly told: string[] = []
  state: WorkerState | undefined
  killed = false
  readonly forked: ForkedWorker
  #exit: ((how: string) => void)[] = []

  constructor(pid: number, script: Script) {
    const [ours, theirs] = channels()
    const note =
      <K extends keyof WorkerCalls>(name: K, otherwise: (...args: Parameters<WorkerCalls[K]>) => unknown) =>
      (...args: Parameters<WorkerCalls[K]>): never => {
        this.told.push(name)
        return (script[name] ?? otherwise)(...args) as never
      }
    createLink<PrimaryCalls, WorkerCalls>(theirs, {
      open: note('open', () => {}),
      serve: note('serve', state => {
        this.state = state
      }),
      use: note('use', () => {}),
      learn: note('learn', () => {}),
      report: note('report', () => emptyReport(pid)),
      beginHold: note('beginHold', ({ id }) => ({ id, inflight: 1 })),
      drained: note('drained', () => ({ inflight: 0, parked: 2, sinceMs: 5 })),
      renewHold: note('renewHold', () => {}),
      releaseHold: note('releaseHold', () => ({ released: 2, expired: 0, refused: 0, waited: [1, 2] })),
      resetComparison: note('resetComparison', () => {}),
      startRecording: note('startRecording', () => {}),
      stopRecording: note('stopRecording', () => {}),
      recordings: note('recordings', () => []),
      metrics: note('metrics', () => []),
      pinned: note('pinned', () => {}),
      lifted: note('lifted', () => {}),
      renewCertificate: note('renewCertificate', () => {}),
      close: note('close', () => this.die('exit 0')),
    })
    this.forked = {
      pid,
      channel: ours,
      kill: () => {
        this.killed = true
        this.die('SIGKILL')
      },
      onExit: listener => this.#exit.push(listener),
    }
  }

  die(how: string): void {
    for (const listener of this.#exit.splice(0)) listener(how)
  }
}

/** Two ends that pass what JSON can hold, in order and later. */
function channels(): [Channel, Channel] {
  const listeners: ((message: unknown) => void)[][] = [[], []]
  const end = (to: number): Channel => ({
    send(message) {
      const text = JSON.stringify(message)
      setImmediate(() => {
        for (const listener of listeners[to]!) listener(JSON.parse(text))
      })
    },
    onMessage: listener => void listeners[1 - to]!.push(listener),
  })
  return [end(1), end(0)]
}

function emptyReport(pid: number): WorkersReport {
  return { workers: [{ id: pid, pid }], capabilities: {}, upstreams: [], breakers: {} }
}

function generation(number: number): Generation {
  const parsed = parseConfig(configText({}, 'http://a', 'http://b'))
  if (!('config' in parsed)) throw new Error('the test has a bad file')
  return createGeneration(number, parsed.config, parsed.text, parsed.hash)
}

async function startPool(scripts: readonly Script[]) {
  const workers: FakeWorker[] = []
  const pool = createWorkerPool({
    count: 2,
    fork() {
      const worker = new FakeWorker(workers.length + 1, scripts[workers.length] ?? {})
      workers.push(worker)
      return worker.forked
    },
    role: {
      config: 'strangler.yaml',
      token: 't',
      redactionKey: 'k',
      listen: { host: '127.0.0.1', port: 1 },
    },
    barrier: undefined,
    clock: systemClock,
    log: memoryLog([]),
    silentMs: 100,
  })
  const first = generation(1)
  await pool.use(first, undefined)
  return { pool, workers, first }
}

const silent = () => new Promise(() => {})

test('a hold that one worker does not acknowledge in time is taken back at all of them', async () => {
  const { pool, workers } = await startPool([{}, { beginHold: silent }])
  await expect(pool.beginHold(hold)).rejects.toMatchObject({ code: 'WORKER_SILENT' })
  expect(await until(() => workers.every(({ told }) => told.includes('releaseHold')))).toBe(true)
  workers[0]!.die('SIGKILL')
  expect(await until(() => workers[2]?.state)).toMatchObject({ holds: [] })
  await pool.close(0)
})

test('a stale epoch is refused, and what stands goes on standing', async () => {
  const stale = ({ epoch, id }: { epoch: number; id?: string | undefined }) => {
    if (epoch < 3) throw new ToolkitError('EPOCH_STALE', 'below', { details: { held: 3 } })
    return { id, inflight: 0 }
  }
  const { pool, workers } = await startPool([{ beginHold: stale }, { beginHold: stale }])
  const { id } = await pool.beginHold(hold)
  await expect(pool.beginHold({ ...hold, epoch: 2 })).rejects.toMatchObject({
    code: 'EPOCH_STALE',
    details: { held: 3 },
  })
  expect(workers.some(({ told }) => told.includes('releaseHold'))).toBe(false)
  workers[0]!.die('SIGKILL')
  expect(await until(() => workers[2]?.state)).toMatchObject({
    holds: [{ capability: 'customers', epoch: 3, id, limits: { maxParked: 5, maxBytes: 500 } }],
  })
  await pool.close(0)
})

test('a worker that does not take a generation is replaced by one that begins with it', async () => {
  const { pool, workers, first } = await startPool([{}, { use: silent }])
  await pool.use(generation(2), first)
  expect(workers.map(({ killed }) => killed)).toEqual([false, true])
  expect(await until(() => workers[2]?.state)).toMatchObject({ generation: { number: 2 } })
  await pool.close(0)
})

test('a lease that is over at one worker is over, and a release takes what is left', async () => {
  const over = () => {
    throw new ToolkitError('HOLD_NOT_FOUND', 'over')
  }
  const { pool } = await startPool([{}, { renewHold: over, releaseHold: over, drained: over }])
  await pool.beginHold(hold)
  await expect(pool.renewHold('customers', 3, 1_000)).rejects.toMatchObject({ code: 'HOLD_NOT_FOUND' })
  expect(await pool.drained('customers', 0, new AbortController().signal)).toMatchObject({ parked: 2 })
  expect(await pool.releaseHold('customers', 3)).toEqual({
    released: 2,
    expired: 0,
    refused: 0,
    waited: [1, 2],
  })
  await pool.close(0)
})

test('what a dead worker had counted stays counted, and is forgotten with a reset', async () => {
  const tally = {
    matched: 5,
    ignored: 0,
    diverged: 0,
    errors: 0,
    noise: 0,
    noiseSamples: 0,
    legacy: [],
    extracted: [],
  }
  const counting = (pid: number) => () => ({
    ...emptyReport(pid),
    capabilities: {
      customers: {
        hold: null,
        inflightWrites: 1,
        traffic: {
          legacy: { read: 5, write: 0, failed: 0 },
          extracted: { read: 0, write: 0, failed: 0 },
        },
        pinned: 2,
        ledger: { routes: [['GET /a', tally]], divergences: [] },
      },
    },
  })
  const { pool, workers } = await startPool([{ report: counting(1) }, { report: counting(2) }])
  const sums = async () => {
    const { inflightWrites, traffic, pinned, ledger } = (await pool.report()).capabilities.customers!
    return [inflightWrites, traffic.legacy.read, pinned, ledger.routes[0]?.[1].matched]
  }
  expect(await sums()).toEqual([2, 10, 2, 10])
  workers[0]!.die('SIGKILL')
  await until(() => workers[2]?.state)
  expect(await sums()).toEqual([1, 10, 2, 10])
  await pool.resetComparison('customers')
  workers[1]!.die('SIGKILL')
  await until(() => workers[3]?.state)
  expect((await pool.report()).capabilities.customers?.ledger.routes).toEqual([])
  await pool.close(0)
})

test('a pool whose worker does not start does not start', async () => {
  const refuse = () => {
    throw new ToolkitError('PORT_TAKEN', 'in use', { hint: 'choose another' })
  }
  await expect(startPool([{}, { serve: refuse }])).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    hint: 'choose another',
  })
})

test('tells every worker which servers registered, those that come later as well', async () => {
  const learnt: unknown[] = []
  const learn = (instances: unknown) => void learnt.push(instances)
  const { pool, workers } = await startPool([{ learn }, { learn }])
  const instances = [{ service: 'catalog', id: 'one', url: 'http://10.0.0.1:80' }]
  await pool.learn(instances)
  expect(await until(() => learnt.length === 2)).toBe(true)
  expect(learnt).toEqual([instances, instances])
  workers[0]!.die('SIGKILL')
  expect(await until(() => workers[2]?.state)).toMatchObject({ instances })
  await pool.close(0)
})
