import { readFile, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import {
  configText,
  sendJson,
  startUpstream,
  type TestConfig,
  type TestUpstream,
  until,
} from './proxy-kit.ts'
import { type SpawnedProxy, spawnProxy } from './spawn-proxy.ts'

/** A machine with other work on it needs its time to start processes. */
const startMs = 20_000

type Setup = AsyncDisposable & { proxy: SpawnedProxy; legacy: TestUpstream; extracted: TestUpstream }

async function setUp(config: TestConfig, env: Record<string, string> = {}): Promise<Setup> {
  const [legacy, extracted] = await Promise.all([startUpstream('legacy'), startUpstream('extracted')])
  const proxy = await spawnProxy(configText(config, legacy.url, extracted.url), 2, env)
  return {
    proxy,
    legacy,
    extracted,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await Promise.all([legacy.close(), extracted.close()])
    },
  }
}

const write = {
  method: 'POST',
  body: '{}',
  headers: { 'content-type': 'application/json', cookie: 'sid=1' },
} as const

type Status = {
  capabilities: {
    hold: { parked: number } | null
    inflightWrites: number
    traffic: { legacy: { read: number; write: number } }
    pinned: number
    comparison: { samples: number }
  }[]
}

const statusOf = async (proxy: SpawnedProxy) => (await proxy.admin('GET', '/admin/status')).json as Status
const customers = async (proxy: SpawnedProxy) => (await statusOf(proxy)).capabilities[0]!

test('a change returns once every worker serves it, and figures are those of all', async () => {
  await using setup = await setUp({ stage: 'shadow' })
  const { proxy } = setup
  expect(new Set(await proxy.workers()).size).toBe(2)
  for (const [index, stage] of ['canary', 'shadow', 'legacy', 'shadow'].entries()) {
    const changed = await proxy.admin('POST', '/admin/generations', {
      changes: [{ capability: 'customers', stage }],
    })
    expect(changed.json).toMatchObject({ generation: index + 2 })
    for (const { headers } of await proxy.fresh(6, '/customers/1'))
      expect(headers['strangler-generation']).toBe(String(index + 2))
  }
  const { traffic } = await customers(proxy)
  expect(traffic.legacy.read).toBeGreaterThanOrEqual(18)
  expect(await until(async () => (await customers(proxy)).comparison.samples >= 12)).toBe(true)
  const report = (await proxy.admin('GET', '/admin/comparisons/customers')).json
  expect(report).toMatchObject({
    routes: [{ route: 'GET /customers/{id}' }],
    divergences: [{ path: 'side' }],
  })
  const { headers: _headers, text } = await (await proxy.fresh(1, '/none'))[0]!
  expect(text).toContain('legacy')
  const metrics = await proxy.admin('GET', '/metrics')
  const read =
    /strangler_requests_total\{capability="customers",side="legacy",effect="read",outcome="replied"\} (\d+)/
  expect(Number(read.exec(metrics.text)?.[1])).toBe((await customers(proxy)).traffic.legacy.read)
  expect(metrics.text).toContain('strangler_generation 5')
  expect(await proxy.admin('DELETE', '/admin/comparisons/customers')).toMatchObject({ json: { samples: 0 } })
  expect((await customers(proxy)).comparison.samples).toBe(0)
})

test('a hold parks at every worker, is done when none has a write in flight, and releases them all', async () => {
  await using setup = await setUp({})
  const { proxy, legacy, extracted } = setup
  const open: (() => void)[] = []
  legacy.answer = (_request, response) => open.push(() => sendJson(response, { side: 'legacy' }))
  const running = proxy.fresh(4, '/customers', write)
  await until(() => open.length === 4)
  const hold = { capability: 'customers', epoch: 1, leaseMs: 20_000 }
  expect((await proxy.admin('POST', '/admin/holds', hold)).json).toMatchObject({ inflight: 4 })
  const parked = proxy.fresh(6, '/customers', write)
  expect(await until(async () => (await customers(proxy)).hold?.parked === 6)).toBe(true)
  const drained = proxy.admin('GET', '/admin/holds/customers?drainedWithinMs=10000')
  for (const finish of open) finish()
  expect((await drained).json).toMatchObject({ inflight: 0, parked: 6 })
  await running
  expect(legacy.received).toHaveLength(4)
  await proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', stage: 'extracted', writes: 'extracted', epoch: 2 }],
  })
  expect(await proxy.admin('PUT', '/admin/holds/customers', { epoch: 1, leaseMs: 20_000 })).toMatchObject({
    status: 200,
    json: { parked: 6 },
  })
  const released = await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  expect(released.json).toMatchObject({ released: 6, expired: 0, waits: { maxMs: expect.any(Number) } })
  for (const { json } of await parked) expect(json).toEqual({ side: 'extracted' })
  expect(extracted.received).toHaveLength(6)
  expect(await proxy.admin('DELETE', '/admin/holds/customers?epoch=0')).toMatchObject({ status: 404 })
})

test('a caller who wrote through one worker reads the write through every other', async () => {
  const engine = await startUpstream('engine')
  let applied = false
  engine.answer = (_request, response) => sendJson(response, { applied })
  {
    await using setup = await setUp(
      { stage: 'canary', percent: 100, capabilityExtra: '    comparison: { sample: 0 }' },
      { STRANGLER_OPERATOR_URL: engine.url },
    )
    const { proxy } = setup
    const sides = async () =>
      (await proxy.fresh(6, '/customers/1', { headers: { cookie: 'sid=1' } })).map(
        ({ headers }) => headers['strangler-side'],
      )
    expect(await sides()).toEqual(Array(6).fill('extracted'))
    for (let turn = 0; turn < 4; turn++) {
      applied = false
      await proxy.fresh(1, '/customers', write)
      expect(await sides()).toEqual(Array(6).fill('legacy'))
      expect((await customers(proxy)).pinned).toBe(1)
      applied = true
      expect(await until(async () => (await customers(proxy)).pinned === 0, 10_000)).toBe(true)
      expect(await sides()).toEqual(Array(6).fill('extracted'))
    }
  }
  await engine.close()
})

test('a killed worker costs its own requests only, and its successor holds, pins and records what stands', async () => {
  await using setup = await setUp({ stage: 'canary', percent: 100 })
  const { proxy } = setup
  await proxy.fresh(1, '/customers', write)
  const recording = (await proxy.admin('POST', '/admin/recordings', {})).json as { id: string }
  await proxy.admin('POST', '/admin/generations', { changes: [{ capability: 'customers', percent: 50 }] })
  await proxy.admin('POST', '/admin/holds', { capability: 'customers', epoch: 1, leaseMs: 60_000 })
  const before = (await customers(proxy)).traffic.legacy

  const load = startLoad(proxy.url, 8)
  await until(() => load.replies > 50)
  const [victim] = await proxy.workers()
  process.kill(victim!, 'SIGKILL')
  const restored = await until(async () => {
    const pids = await proxy.workers()
    return pids.length === 2 && !pids.includes(victim!)
  }, startMs)
  expect(restored).toBe(true)
  const since = load.replies
  await until(() => load.replies > since + 50)
  const { failures, generations } = await load.stop()
  // A connection has one request at a time, and half of the connections were the victim's.
  expect(failures).toBeLessThanOrEqual(5)
  expect(generations).toEqual(new Set(['2']))

  const parked = proxy.fresh(6, '/customers', write)
  expect(await until(async () => (await customers(proxy)).hold?.parked === 6)).toBe(true)
  expect((await customers(proxy)).pinned).toBe(1)
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  for (const { status } of await parked) expect(status).toBe(200)
  const after = (await customers(proxy)).traffic.legacy
  expect(after.write).toBe(before.write + 6)
  const ended = (await proxy.admin('DELETE', `/admin/recordings/${recording.id}`)).json as Record<
    string,
    never
  >
  expect(ended).toMatchObject({ active: false, lostWorkers: 1, open: 0 })
  expect(ended.seen).toBeGreaterThan(6)
})

test('an ending proxy answers what runs at every worker, and takes no connection any more', async () => {
  const setup = await setUp({})
  const { proxy, legacy } = setup
  const open: (() => void)[] = []
  legacy.answer = (_request, response) => open.push(() => sendJson(response, { side: 'legacy' }))
  const running = proxy.fresh(6, '/customers/1')
  await until(() => open.length === 6)
  process.kill(proxy.pid, 'SIGTERM')
  const { port } = new URL(proxy.url)
  expect(await until(() => isRefused(Number(port)), 10_000)).toBe(true)
  for (const finish of open) finish()
  for (const { status, headers } of await running) {
    expect(status).toBe(200)
    expect(headers.connection).toBe('close')
  }
  await setup[Symbol.asyncDispose]()
})

test('a bulkhead is that of all workers, and so is what it shows', async () => {
  await using setup = await setUp({})
  const { proxy, legacy } = setup
  const text = await readFile(proxy.file, 'utf8')
  await writeFile(
    proxy.file,
    text.replace(`url: "${legacy.url}"`, `url: "${legacy.url}", bulkhead: { inFlight: 4 }`),
  )
  await proxy.admin('POST', '/admin/reload')
  const open: (() => void)[] = []
  legacy.answer = (_request, response) => open.push(() => sendJson(response, { side: 'legacy' }))
  const asked = proxy.fresh(8, '/customers/1')
  const view = async () =>
    ((await proxy.admin('GET', '/admin/status')).json as { upstreams: { bulkhead?: object }[] }).upstreams[0]
      ?.bulkhead
  expect(
    await until(async () => JSON.stringify(await view()) === '{"inFlight":4,"queued":0,"refused":4}', 10_000),
  ).toBe(true)
  for (const finish of open) finish()
  expect((await asked).map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 503, 503, 503, 503])
})

test('the limit of connections is that of all workers, and what is over it is closed at once', async () => {
  await using setup = await setUp({ extra: 'limits: { connections: 6 }' })
  const { proxy } = setup
  const { port } = new URL(proxy.url)
  let closed = 0
  const sockets = Array.from({ length: 10 }, () => connect(Number(port), '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => {}).on('close', () => closed++)
  expect(await until(() => closed === 4, 10_000)).toBe(true)
  const metrics = async () => (await proxy.admin('GET', '/metrics')).text
  expect(await until(async () => (await metrics()).includes('strangler_connections_refused_total 4'))).toBe(
    true,
  )
  for (const socket of sockets) socket.destroy()
  expect(
    await until(
      async () => (await proxy.fresh(1, '/customers/1').catch(() => undefined))?.[0]?.status === 200,
    ),
  ).toBe(true)
})

function isRefused(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    }).on('error', () => resolve(true))
  })
}

/** Connections that ask again and again; each begins anew after a failure. */
function startLoad(url: string, connections: number) {
  let running = true
  const load = {
    replies: 0,
    async stop() {
      running = false
      await Promise.all(lines)
      return { failures, generations }
    },
  }
  let failures = 0
  const generations = new Set<unknown>()
  const lines = Array.from({ length: connections }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (running) {
      const ok = await new Promise(resolve => {
        get(`${url}/customers/1`, { agent }, reply => {
          generations.add(reply.headers['strangler-generation'])
          reply.resume().on('end', () => resolve(reply.statusCode === 200))
        }).on('error', () => resolve(false))
      })
      if (ok) load.replies++
      else failures++
    }
    agent.destroy()
  })
  return load
}
