import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { holdProxies } from '../src/cutover/hold-proxies.ts'
import { changeRoutes, compareLive, routedAs, sumComparisons } from '../src/operator/proxies.ts'
import { createProxyAdmin, type ProxyAdmin } from '../src/operator/proxy-admin.ts'
import { fakeProxy } from './proxy-kit.ts'

const log = createLog('test', 'silent')
const open: { close(): Promise<void> }[] = []
const signal = () => AbortSignal.timeout(5_000)

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function proxy(...args: Parameters<typeof fakeProxy>): Promise<{
  admin: ProxyAdmin
  seen: Awaited<ReturnType<typeof fakeProxy>>['seen']
}> {
  const server = await fakeProxy(...args)
  const admin = createProxyAdmin(server.url, 'token-of-this-test')
  open.push(server, admin)
  return { admin, seen: server.seen }
}

const capability = { name: 'customers', stage: 'canary', writes: 'legacy', percent: 10, hold: null }
const status = (changes: object = {}) => ({
  body: { generation: 3, hash: 'x', problems: [], capabilities: [{ ...capability, ...changes }] },
})

test('every call carries the token', async () => {
  const { admin, seen } = await proxy(() => status())
  await admin.status()
  expect(seen[0]!.authorization).toBe('Bearer token-of-this-test')
})

test('a refusal keeps the code, the status and the problems of the proxy', async () => {
  const problems = [{ path: 'capabilities.customers.stage', message: 'contradicts writes' }]
  const { admin } = await proxy(() => ({
    status: 422,
    body: { code: 'CONFIG_INVALID', message: 'no', problems },
  }))
  await expect(admin.change([], 'ann', 'why')).rejects.toMatchObject({
    code: 'PROXY_REFUSED',
    details: { status: 422, code: 'CONFIG_INVALID', problems },
  })
})

test('a proxy that gives no answer is named', async () => {
  const { admin } = await proxy(() => 'silent')
  await expect(admin.status()).rejects.toMatchObject({ code: 'PROXY_SILENT', details: { url: admin.url } })
})

test('a change of routes reaches every proxy', async () => {
  const one = await proxy(() => ({ body: { generation: 4, hash: 'x' } }))
  const other = await proxy(() => ({ body: { generation: 9, hash: 'x' } }))
  const changes = [{ capability: 'customers', stage: 'canary' as const, percent: 10 }]
  const served = await changeRoutes([one.admin, other.admin], changes, 'ann', 'why')
  expect(Object.values(served)).toEqual([4, 9])
  for (const { seen } of [one, other])
    expect(seen[0]).toMatchObject({ url: '/admin/generations', body: { changes, by: 'ann', reason: 'why' } })
})

test('proxies that serve different stages are found out', async () => {
  const one = await proxy(() => status())
  const other = await proxy(() => status({ stage: 'legacy' }))
  await expect(routedAs([one.admin, other.admin], 'customers')).rejects.toMatchObject({
    code: 'PROXIES_DISAGREE',
  })
  await expect(routedAs([one.admin], 'orders')).rejects.toMatchObject({ code: 'CAPABILITY_UNROUTED' })
})

const figures = {
  samples: 100,
  matched: 99,
  ignored: 0,
  diverged: 1,
  errors: 0,
  noise: 0,
  noiseSamples: 10,
  divergence: { share: 0.01, low: 0.002, high: 0.05 },
  verdict: 'fail' as const,
  why: '1 of 100 diverged',
}

test('the figures of several proxies are one: counts add up, one failure is a failure and says why', () => {
  const clean = {
    ...figures,
    ...{ samples: 300, diverged: 0, noise: 4, noiseSamples: 30, verdict: 'pass' as const },
    divergence: { share: 0, low: 0, high: 0.01 },
    why: '0 of 300 diverged',
  }
  expect(sumComparisons([figures, clean])).toMatchObject({
    samples: 400,
    diverged: 1,
    noise: 4,
    noiseSamples: 40,
    divergence: { low: 0.002 },
    verdict: 'fail',
    why: '1 of 100 diverged',
  })
  expect(sumComparisons([])).toMatchObject({ samples: 0, noise: 0, verdict: 'insufficient' })
})

test('the same divergence at two proxies is one line, with before and after', async () => {
  const divergence = {
    route: 'GET /customers/{id}',
    path: '$.creditLimit',
    count: 2,
    legacy: '1.00',
    extracted: '1.01',
    traceId: null,
  }
  const answer = () => ({ body: { ...figures, routes: [], divergences: [divergence] } })
  const [one, other] = [await proxy(answer), await proxy(answer)]
  const live = await compareLive([one.admin, other.admin], ['customers'])
  expect(live).toMatchObject({
    requests: 200,
    verdict: 'fail',
    divergences: [
      { route: 'GET /customers/{id}', path: '$.creditLimit', count: 4, before: '1.00', after: '1.01' },
    ],
  })
})

const waits = { released: 2, expired: 0, waits: { p50Ms: 1, p99Ms: 2, maxMs: 3 } }

test('writes are held, drained and released at every proxy', async () => {
  let inflight = 2
  const { admin, seen } = await proxy(({ method }) => {
    if (method === 'GET') return { body: { inflight: inflight--, parked: 1 } }
    return { body: method === 'DELETE' ? waits : { id: 'x', inflight } }
  })
  const held = holdProxies([admin], 'customers', 7, systemClock, log)
  await held.begin(signal())
  await held.drained(signal())
  expect(await held.release(signal())).toEqual([{ released: 2, expired: 0, p50Ms: 1, p99Ms: 2, maxMs: 3 }])
  expect(seen.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
    'POST /admin/holds',
    ...Array(3).fill('GET /admin/holds/customers'),
    'DELETE /admin/holds/customers',
  ])
  expect(seen.at(-1)!.url).toBe('/admin/holds/customers?epoch=7')
})

test('one proxy that does not hold fails the hold', async () => {
  const one = await proxy(({ method }) => ({ body: method === 'DELETE' ? waits : { id: 'x', inflight: 0 } }))
  const other = await proxy(() => 'silent')
  const held = holdProxies([one.admin, other.admin], 'customers', 7, systemClock, log)
  await expect(held.begin(signal())).rejects.toMatchObject({ code: 'PROXY_SILENT' })
  await held.release(signal())
})

test('a proxy that swaps its routes only at the third attempt is asked until it has', async () => {
  const { admin, seen } = await proxy((_seen, nth) =>
    nth < 3 ? 'silent' : { body: { generation: 4, hash: 'x' } },
  )
  // Held by another attempt a moment ago: its lease may still run.
  const clock = { ...systemClock, elapsed: () => -20_000 }
  const held = holdProxies([admin], 'customers', 7, clock, log)
  const change = {
    capability: 'customers',
    stage: 'extracted' as const,
    writes: 'extracted' as const,
    epoch: 7,
  }
  await held.changeRoutes(change, 'ann', 'why', signal())
  expect(seen).toHaveLength(3)
})

test('a proxy that stays silent is waited out by its lease, then passed by', async () => {
  const { admin } = await proxy(({ method }) => (method === 'POST' ? 'silent' : { body: waits }))
  let now = 0
  const clock = {
    ...systemClock,
    elapsed: () => now,
    sleep: async (ms: number) => {
      now += ms
    },
  }
  const held = holdProxies([admin], 'customers', 7, clock, log)
  await held.begin(signal()).catch(() => {})
  const change = {
    capability: 'customers',
    stage: 'extracted' as const,
    writes: 'extracted' as const,
    epoch: 7,
  }
  await held.changeRoutes(change, 'ann', 'why', signal())
  expect(now).toBeGreaterThanOrEqual(15_000)
  await held.release(signal())
})
