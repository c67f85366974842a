import { expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { ComparisonLedger, type ComparisonReport } from '../src/comparison/comparison-ledger.ts'
import { createMirror } from '../src/comparison/mirror.ts'
import type { ComparisonConfig } from '../src/config/config-schema.ts'
import type { Observation } from '../src/forwarding/reply-tap.ts'
import {
  ask,
  memoryLog,
  sendJson,
  soapMessage,
  soapRequest,
  startTestProxy,
  startUpstream,
  type TestProxy,
  until,
} from './proxy-kit.ts'

async function report(proxy: TestProxy): Promise<ComparisonReport> {
  return (await proxy.admin('GET', '/admin/comparisons/customers')).json as ComparisonReport
}

const compared = (proxy: TestProxy, count: number, withinMs = 3_000) =>
  until(async () => {
    const found = await report(proxy)
    return found.samples + found.errors >= count ? found : undefined
  }, withinMs)

const comparison = {
  sample: 1,
  noise: 0,
  minSamples: 1,
  maxDivergence: 0,
  aboveNoise: 0.2,
  confidence: 0.95,
  arrays: [],
  nilIsAbsent: false,
  reveal: [],
  withhold: [],
  ignore: [],
} satisfies ComparisonConfig

const same = { id: 1, name: 'Ann', creditLimit: '10.00' }

test('in shadow, asks the extracted side for a copy of each read and compares it; writes are not copied', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  for (const upstream of [proxy.legacy, proxy.extracted])
    upstream.answer = (_request, response) => sendJson(response, same)
  for (let turn = 0; turn < 3; turn++)
    await proxy.ask('/customers/1', { headers: { cookie: 'sid=1', 'x-tenant': 't' } })
  await proxy.ask('/customers', { method: 'POST', body: '{}' })
  const found = await compared(proxy, 3)
  expect(found).toMatchObject({
    samples: 3,
    matched: 3,
    diverged: 0,
    verdict: 'pass',
    routes: [{ route: 'GET /customers/{id}', samples: 3, legacyMs: { p50: expect.any(Number) } }],
  })
  expect(proxy.extracted.received).toHaveLength(3)
  expect(proxy.extracted.received[0]).toMatchObject({
    method: 'GET',
    url: '/customers/1',
    headers: { 'strangler-mirror': '1', 'x-tenant': 't' },
  })
  expect(proxy.legacy.received[0]!.headers['strangler-mirror']).toBeUndefined()
})

test('copies a SOAP read with its body', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  const reply = (prefix: string) =>
    `<${prefix}:Envelope xmlns:${prefix}="http://schemas.xmlsoap.org/soap/envelope/"><${prefix}:Body><r><limit>${prefix === 'a' ? '1.50' : '1.5'}</limit></r></${prefix}:Body></${prefix}:Envelope>`
  proxy.legacy.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/xml' }).end(reply('a'))
  proxy.extracted.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' }).end(reply('b'))
  const message = soapMessage('GetCustomer', '<c:custNo>1</c:custNo>')
  await proxy.ask('/soap', soapRequest(message))
  expect(await compared(proxy, 1)).toMatchObject({ matched: 1, routes: [{ route: '/soap#GetCustomer' }] })
  expect(proxy.extracted.received[0]!.body).toBe(message)
})

test('in canary, copies go to the side that did not serve', async () => {
  await using proxy = await startTestProxy({ stage: 'canary', percent: 100 })
  await proxy.ask('/customers/1', { headers: { cookie: 'sid=1' } })
  await compared(proxy, 1, 500)
  await until(() => proxy.legacy.received.length > 0)
  expect(proxy.legacy.received[0]!.headers['strangler-mirror']).toBe('1')
})

test('a copy is never copied again', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  await proxy.ask('/customers/1', { headers: { 'strangler-mirror': '1' } })
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(proxy.extracted.received).toEqual([])
})

test('reports a divergence with path, examples and trace, and fails the route', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  proxy.legacy.answer = (_request, response) => sendJson(response, { items: [same] })
  proxy.extracted.answer = (_request, response) =>
    sendJson(response, { items: [{ ...same, creditLimit: '11.00' }] })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await proxy.ask('/customers/1', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
  expect(await compared(proxy, 1)).toMatchObject({
    samples: 1,
    diverged: 1,
    verdict: 'fail',
    divergences: [
      {
        route: 'GET /customers/{id}',
        path: 'items[].creditLimit',
        count: 1,
        legacy: expect.stringMatching(/^text of 5 #/),
        extracted: expect.stringMatching(/^text of 5 #/),
        traceId,
      },
    ],
  })
  const { json } = await proxy.admin('DELETE', '/admin/comparisons/customers')
  expect(json).toMatchObject({ samples: 0, divergences: [], verdict: 'insufficient' })
})

test('what was asked before a reset does not count after it', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  proxy.legacy.answer = (_request, response) => sendJson(response, same)
  const waiting: (() => void)[] = []
  proxy.extracted.answer = (_request, response) =>
    waiting.push(() => sendJson(response, { ...same, creditLimit: '11.00' }))
  await proxy.ask('/customers/1')
  await until(() => waiting.length > 0)
  await proxy.admin('DELETE', '/admin/comparisons/customers')
  proxy.extracted.answer = (_request, response) => sendJson(response, { ...same, creditLimit: '11.00' })
  for (const answer of waiting) answer()
  await new Promise(resolve => setTimeout(resolve, 700))
  expect(await report(proxy)).toMatchObject({ samples: 0, diverged: 0, divergences: [] })
})

test('ignores by rule, and counts that apart', async () => {
  await using proxy = await startTestProxy({
    stage: 'shadow',
    capabilityExtra:
      '    comparison: { minSamples: 1, noise: 0, ignore: [{ path: "at", reason: "clocks differ" }] }',
  })
  let at = 0
  for (const upstream of [proxy.legacy, proxy.extracted])
    upstream.answer = (_request, response) => sendJson(response, { ...same, at: at++ })
  await proxy.ask('/customers/1')
  expect(await compared(proxy, 1)).toMatchObject({ samples: 1, ignored: 1, diverged: 0, verdict: 'pass' })
})

test('replication lag is no divergence: what differs is asked again before it counts', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  let name = 'old'
  proxy.legacy.answer = (_request, response) => sendJson(response, { name: 'new' })
  proxy.extracted.answer = (_request, response) => sendJson(response, { name })
  await proxy.ask('/customers/1')
  await until(() => proxy.extracted.received.length === 1)
  name = 'new'
  expect(await compared(proxy, 1)).toMatchObject({ matched: 1, diverged: 0 })
})

test('a row that changes all the while proves nothing and is dropped, not counted', async () => {
  let version = 0
  const ledger = new ComparisonLedger('customers')
  const observed = (): Observation => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ version: version++ })),
    ms: 1,
  })
  const asked: string[] = []
  const mirror = createMirror({
    ask: async upstream => {
      asked.push(upstream)
      return observed()
    },
    barrier: undefined,
    clock: { ...systemClock, sleep: async () => {} },
    log: memoryLog([]),
    random: () => 1,
    maxQueued: 10,
    concurrency: 1,
    redactionKey: 'key',
  })
  mirror.offer({
    capability: 'customers',
    route: 'r',
    rehearsal: false,
    routeKey: {},
    served: 'legacy',
    owner: 'legacy',
    observation: observed(),
    method: 'GET',
    path: '/',
    headers: [],
    body: undefined,
    upstreams: { legacy: 'l', extracted: 'e' },
    traceId: 't',
    comparison,
    ledger,
  })
  await until(() => mirror.size() === 0)
  expect(asked).toEqual(['e', 'l', 'e', 'l', 'l', 'e', 'l', 'l', 'e', 'l'])
  expect(mirror.drops().moving).toBe(1)
  expect(ledger.summary(comparison)).toMatchObject({
    samples: 0,
    diverged: 0,
  })
})

test('with an engine, the second look waits for its barrier instead of a pause', async () => {
  const engine = await startUpstream('engine')
  let applied = false
  engine.answer = (_request, response) => {
    applied = true
    sendJson(response, { applied: true })
  }
  {
    await using proxy = await startTestProxy({ stage: 'shadow' }, { operatorUrl: engine.url })
    proxy.legacy.answer = (_request, response) => sendJson(response, { name: 'new' })
    proxy.extracted.answer = (_request, response) => sendJson(response, { name: applied ? 'new' : 'old' })
    await proxy.ask('/customers/1')
    expect(await compared(proxy, 1)).toMatchObject({ matched: 1, diverged: 0 })
    expect(engine.received[0]).toMatchObject({
      method: 'POST',
      url: '/sync/customers/barrier',
      headers: { authorization: expect.stringMatching(/^Bearer /) },
    })
  }
  await engine.close()
})

test('learns how often legacy differs from itself, and takes that from the divergences', async () => {
  await using proxy = await startTestProxy({
    stage: 'shadow',
    capabilityExtra: '    comparison: { minSamples: 1, noise: 1 }',
  })
  proxy.legacy.answer = (_request, response) => sendJson(response, same)
  proxy.extracted.answer = (_request, response) => sendJson(response, same)
  await proxy.ask('/customers/1')
  await until(() => proxy.legacy.received.length === 3)
  expect(await compared(proxy, 1)).toMatchObject({ matched: 1, noise: 0, verdict: 'pass' })
  let turn = 0
  proxy.legacy.answer = (_request, response) => sendJson(response, { ...same, nonce: turn++ < 1 ? 0 : turn })
  proxy.extracted.answer = (_request, response) => sendJson(response, { ...same, nonce: 0 })
  await proxy.ask('/customers/1')
  const noisy = await until(async () => {
    const found = await report(proxy)
    return found.noise > 0 ? found : undefined
  })
  expect(noisy).toMatchObject({ samples: 2, matched: 2, noise: 1 })
})

test.each(['dead', 'stalled'])(
  'a %s side that only gets copies neither slows nor fails a client',
  async how => {
    const side = await startUpstream('shadow')
    if (how === 'dead') await side.close()
    else side.answer = () => {}
    {
      await using proxy = await startTestProxy(
        { stage: 'shadow' },
        { urls: { extracted: side.url }, copyTimeoutMs: 300 },
      )
      const slowest: number[] = []
      for (let round = 0; round < 60; round++) {
        const started = performance.now()
        const answers = await Promise.all(Array.from({ length: 20 }, () => proxy.ask('/customers/1')))
        slowest.push(performance.now() - started)
        expect(answers.every(({ status }) => status === 200)).toBe(true)
      }
      slowest.sort((one, other) => one - other)
      expect(slowest[Math.floor(slowest.length / 2)]).toBeLessThan(200)
      await until(async () => (await report(proxy)).errors > 0)
      const { samples, errors, verdict } = await report(proxy)
      expect(samples).toBe(0)
      expect(errors).toBeGreaterThan(0)
      expect(verdict).toBe('insufficient')
      const { text } = await proxy.admin('GET', '/metrics')
      expect(text).toMatch(/strangler_mirror_drops\{reason="no-answer"\} [1-9]/)
      if (how === 'stalled')
        expect(text).toMatch(/strangler_mirror_drops\{reason="(queue-full|resting)"\} [1-9]/)
    }
    if (how === 'stalled') await side.close()
  },
)

test('a reply over the cap is passed on, not compared, and counted', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  proxy.legacy.answer = (_request, response) => response.end('x'.repeat(400_000))
  expect((await proxy.ask('/customers/1')).text).toHaveLength(400_000)
  expect(proxy.extracted.received).toEqual([])
  expect((await proxy.admin('GET', '/metrics')).text).toContain(
    'strangler_mirror_drops{reason="reply-too-large"} 1',
  )
})

test('copies carry the credentials that reads need, except those that the file withholds', async () => {
  await using proxy = await startTestProxy({
    stage: 'shadow',
    capabilityExtra: '    comparison: { noise: 0, withhold: [Cookie] }',
  })
  await proxy.ask('/customers/1', { headers: { cookie: 'sid=1', authorization: 'Bearer x', 'x-a': 'sid' } })
  await until(() => proxy.extracted.received.length === 1)
  const { headers } = proxy.extracted.received[0]!
  expect(headers).toMatchObject({ authorization: 'Bearer x', 'x-a': 'sid', 'strangler-mirror': '1' })
  expect(headers.cookie).toBeUndefined()
  expect(proxy.legacy.received[0]?.headers.cookie).toBe('sid=1')
})

test('a side that is dead is left alone after a while, and its copies are counted as resting', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' }, { urls: { extracted: 'http://127.0.0.1:9' } })
  for (let turn = 0; turn < 40; turn++) expect((await proxy.ask('/customers/1')).status).toBe(200)
  const drops = async () => (await ask(proxy.adminUrl, '/metrics')).text
  expect(await drops()).toMatch(/strangler_mirror_drops\{reason="resting"\} [1-9]/)
})

const rehearsing = '    comparison: { noise: 0, minSamples: 1, ignore: [{ path: id, reason: "drawn anew" }] }'

async function withRehearsal(config: { stage: string }) {
  const proxy = await startTestProxy({ ...config, capabilityExtra: rehearsing })
  await proxy.edit(text =>
    text
      .replace(/(rest: "POST \/customers", +effect: write,)/, '$1 rehearse: true,')
      .replace(/(soap: "\/soap#CreateCustomer", effect: write,)/, '$1 rehearse: true,'),
  )
  await until(() => proxy.generations.current().number === 2)
  return proxy
}

const create = (proxy: TestProxy, headers: Record<string, string> = {}) =>
  proxy.ask('/customers', {
    method: 'POST',
    body: JSON.stringify({ name: 'Ann' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k1', ...headers },
  })

test('rehearses a write on the extracted side where its route says so, and compares the answers', async () => {
  await using proxy = await withRehearsal({ stage: 'shadow' })
  proxy.legacy.answer = (_request, response) => sendJson(response, { id: 1, name: 'Ann' }, 201)
  proxy.extracted.answer = ({ headers }, response) => {
    response.setHeader('strangler-rehearsal', headers['strangler-rehearsal'] === '1' ? 'done' : 'no')
    sendJson(response, { id: 9, name: 'Ann' }, 201)
  }
  expect((await create(proxy, { 'strangler-rehearsal': '1' })).json).toEqual({ id: 1, name: 'Ann' })
  expect(await compared(proxy, 1)).toMatchObject({ samples: 1, ignored: 1, verdict: 'pass' })
  expect(proxy.legacy.received).toHaveLength(1)
  expect(proxy.legacy.received[0]?.headers['strangler-rehearsal']).toBeUndefined()
  expect(proxy.extracted.received).toMatchObject([
    { method: 'POST', url: '/customers', body: '{"name":"Ann"}', headers: { 'strangler-mirror': '1' } },
  ])
  await proxy.ask('/soap', soapRequest(soapMessage('CreateCustomer')))
  await until(() => proxy.extracted.received.length === 2)
  expect(proxy.extracted.received[1]).toMatchObject({ body: soapMessage('CreateCustomer') })
})

test('a server that does not say that it rehearsed is sent no further write', async () => {
  await using proxy = await withRehearsal({ stage: 'canary' })
  for (let turn = 0; turn < 3; turn++) {
    expect((await create(proxy)).status).toBe(200)
    await until(() => proxy.logged.some(({ msg }) => String(msg).includes('was not rehearsed')))
  }
  expect(proxy.extracted.received).toHaveLength(1)
  expect((await ask(proxy.adminUrl, '/metrics')).text).toContain(
    'strangler_mirror_drops{reason="not-rehearsed"} 1',
  )
})

test('rehearses no write in the stages that copy nothing, and none without the word of its route', async () => {
  await using legacy = await withRehearsal({ stage: 'legacy' })
  await create(legacy)
  await using shadow = await startTestProxy({ stage: 'shadow' })
  await create(shadow)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect([...legacy.extracted.received, ...shadow.extracted.received]).toEqual([])
})
