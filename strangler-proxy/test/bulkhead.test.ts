import { expect, test } from '@jest/globals'
import { createBulkhead, type Guest } from '../src/forwarding/bulkhead.ts'
import { ask, startTestProxy, type TestUpstream, until } from './proxy-kit.ts'

function guest(told: string[], name: string): Guest {
  return {
    state: 'outside',
    seated: () => told.push(`${name} seated`),
    refused: () => told.push(`${name} refused`),
  }
}

test('seats so many, lets so many wait in their order, and refuses the rest', () => {
  const told: string[] = []
  const bulkhead = createBulkhead({ inFlight: 2, queued: 2, waitMs: 60_000 })
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(name => guest(told, name))
  expect([a, b, c, d, e].map(one => bulkhead.enter(one!))).toEqual([true, true, false, false, false])
  expect(told).toEqual(['e refused'])
  bulkhead.leave(c!)
  bulkhead.leave(a!)
  bulkhead.leave(a!)
  expect(told).toEqual(['e refused', 'd seated'])
  expect(bulkhead.counts()).toEqual({ inFlight: 2, queued: 0, refused: 1 })
  bulkhead.leave(b!)
  bulkhead.leave(d!)
  expect(bulkhead.counts()).toEqual({ inFlight: 0, queued: 0, refused: 1 })
})

test('a wait ends with a refusal, and a raised limit ends waits at once', async () => {
  const told: string[] = []
  const bulkhead = createBulkhead({ inFlight: 1, queued: 1, waitMs: 10 })
  const seated = guest(told, 'a')
  bulkhead.enter(seated)
  bulkhead.enter(guest(told, 'b'))
  expect(await until(() => told.includes('b refused'))).toBe(true)
  bulkhead.limit({ inFlight: 1, queued: 1, waitMs: 60_000 })
  bulkhead.enter(guest(told, 'c'))
  bulkhead.limit({ inFlight: 2, queued: 1, waitMs: 60_000 })
  expect(told).toEqual(['b refused', 'c seated'])
})

/** Answers nothing until the test says so. */
function stall(upstream: TestUpstream): { release(): void } {
  const waiting: (() => void)[] = []
  let open = false
  upstream.answer = (_request, response) => {
    const reply = () => response.end('{"side":"slow"}')
    if (open) reply()
    else waiting.push(reply)
  }
  return {
    release() {
      open = true
      for (const reply of waiting) reply()
    },
  }
}

const bulkheadOf = (text: string, limits: string) => (config: string) =>
  config.replace(new RegExp(`${text}: +\\{ url: ("[^"]*") \\}`), `${text}: { url: $1, bulkhead: ${limits} }`)

test('a slow upstream takes its share and no more: 503 with a code, and the others answer as ever', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.edit(bulkheadOf('extracted', '{ inFlight: 2, queued: 1, waitMs: 60000 }'))
  await until(() => proxy.generations.current().number === 2)
  const slow = stall(proxy.extracted)
  const asked = [0, 1, 2].map(() => proxy.ask('/customers/1'))
  const figures = async () => {
    const { json } = await proxy.admin('GET', '/admin/status')
    return (json as { upstreams: { bulkhead?: unknown }[] }).upstreams[1]?.bulkhead
  }
  expect(
    await until(async () => JSON.stringify(await figures()) === '{"inFlight":2,"queued":1,"refused":0}'),
  ).toBe(true)
  expect(proxy.extracted.received).toHaveLength(2)
  const over = await proxy.ask('/customers/1')
  expect(over).toMatchObject({ status: 503, json: { type: 'urn:problem:upstream-full' } })
  expect(over.headers['retry-after']).toBe('1')
  expect((await proxy.ask('/elsewhere')).status).toBe(200)
  slow.release()
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await figures()).toEqual({ inFlight: 0, queued: 0, refused: 1 })
})

test('a client that leaves while it waits is forgotten, and nothing of it is sent', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.edit(bulkheadOf('extracted', '{ inFlight: 1, queued: 5, waitMs: 60000 }'))
  await until(() => proxy.generations.current().number === 2)
  const slow = stall(proxy.extracted)
  const first = proxy.ask('/customers', { method: 'POST', body: '{}' })
  await until(() => proxy.extracted.received.length === 1)
  const leaving = new AbortController()
  const left = proxy
    .ask('/customers', { method: 'POST', body: '{"left":true}', signal: leaving.signal })
    .catch(() => 'left')
  const queued = async () =>
    JSON.stringify((await proxy.admin('GET', '/admin/status')).json).includes('"queued":1')
  expect(await until(queued)).toBe(true)
  leaving.abort()
  expect(await left).toBe('left')
  expect(await until(async () => !(await queued()))).toBe(true)
  slow.release()
  expect((await first).status).toBe(200)
  expect((await proxy.ask('/customers', { method: 'POST', body: '{}' })).status).toBe(200)
  expect(proxy.extracted.received.map(({ body }) => body)).toEqual(['{}', '{}'])
})

test('a read that finds no room falls back to legacy where that is safe, and a wait counts into the total time', async () => {
  await using proxy = await startTestProxy({
    stage: 'canary',
    percent: 100,
    extra: 'timeouts: { totalMs: 300 }',
    capabilityExtra: '    comparison: { sample: 0 }',
  })
  await proxy.edit(bulkheadOf('extracted', '{ inFlight: 1 }'))
  await until(() => proxy.generations.current().number === 2)
  const slow = stall(proxy.extracted)
  const first = proxy.ask('/customers/1')
  await until(() => proxy.extracted.received.length === 1)
  expect((await proxy.ask('/customers/1')).json).toEqual({ side: 'legacy' })
  expect((await first).status).toBe(504)
  await proxy.edit(text => text.replace('{ inFlight: 1 }', '{ inFlight: 1, queued: 1, waitMs: 60000 }'))
  await until(() => proxy.generations.current().number === 3)
  const seated = ask(proxy.url, '/customers/1')
  await until(() => proxy.extracted.received.length === 2)
  expect((await ask(proxy.url, '/customers/1')).status).toBe(504)
  expect((await seated).status).toBe(504)
  slow.release()
})
