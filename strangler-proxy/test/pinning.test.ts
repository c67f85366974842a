import { expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createPins } from '../src/routing/pins.ts'
import { sendJson, startTestProxy, startUpstream, until } from './proxy-kit.ts'

const caller = { headers: { cookie: 'sid=1' } }
const write = { ...caller, method: 'POST' as const, body: '{}' }
const canary = { stage: 'canary', percent: 100, capabilityExtra: '    comparison: { sample: 0 }' }

test('keeps a caller who wrote on the write owner until the engine has applied the write', async () => {
  const engine = await startUpstream('engine')
  let applied = false
  engine.answer = (_request, response) => sendJson(response, { applied })
  {
    await using proxy = await startTestProxy(canary, { operatorUrl: engine.url })
    expect((await proxy.ask('/customers/1', caller)).json).toEqual({ side: 'extracted' })
    expect((await proxy.ask('/customers', write)).json).toEqual({ side: 'legacy' })
    expect((await proxy.ask('/customers/1', caller)).json).toEqual({ side: 'legacy' })
    expect((await proxy.ask('/customers/1', { headers: { cookie: 'sid=2' } })).json).toEqual({
      side: 'extracted',
    })
    applied = true
    expect(
      await until(async () => (await proxy.ask('/customers/1', caller)).text.includes('extracted')),
    ).toBe(true)
    expect(engine.received[0]).toMatchObject({ url: '/sync/customers/barrier' })
  }
  await engine.close()
})

test('keeps the pin of a write whose outcome is unknown, and makes none for a write that was refused', async () => {
  await using proxy = await startTestProxy(canary)
  proxy.legacy.answer = (_request, response) => sendJson(response, {}, 422)
  await proxy.ask('/customers', write)
  expect((await proxy.ask('/customers/1', caller)).headers['strangler-side']).toBe('extracted')
  proxy.legacy.answer = (_request, _response, raw) => raw.socket.destroy()
  expect((await proxy.ask('/customers', write)).status).toBe(502)
  proxy.legacy.answer = (_request, response) => sendJson(response, {})
  expect((await proxy.ask('/customers/1', caller)).headers['strangler-side']).toBe('legacy')
})

test('asks one barrier at a time for all callers, and lifts only the pins made before it was asked', async () => {
  const asked: ((applied: boolean) => void)[] = []
  const pins = createPins('customers', () => new Promise(resolve => asked.push(resolve)), systemClock)
  pins.begin('a').end(true)
  pins.begin('b').end(true)
  await until(() => asked.length === 1)
  pins.begin('b').end(true)
  pins.begin('c').end(true)
  asked[0]!(true)
  await until(() => asked.length === 2)
  expect([pins.has('a'), pins.has('b'), pins.has('c')]).toEqual([false, true, true])
  asked[1]!(true)
  await until(() => pins.size() === 0)
  expect(asked).toHaveLength(2)
  pins.close()
})

test('is bounded: above its limit everybody counts as pinned until the barrier', async () => {
  const asked: ((applied: boolean) => void)[] = []
  const pins = createPins('customers', () => new Promise(resolve => asked.push(resolve)), systemClock)
  for (let index = 0; index < 100_001; index++) pins.begin(String(index)).end(true)
  expect(pins.size()).toBe(100_000)
  expect(pins.has('somebody else')).toBe(true)
  await until(() => asked.length === 1)
  asked[0]!(true)
  await until(() => asked.length === 2)
  asked[1]!(true)
  expect(await until(() => !pins.has('somebody else'))).toBe(true)
  pins.close()
})

test('without an engine, pins last until the stage changes', async () => {
  await using proxy = await startTestProxy(canary)
  await proxy.ask('/customers', write)
  expect((await proxy.ask('/customers/1', caller)).headers['strangler-side']).toBe('legacy')
  for (const stage of ['shadow', 'canary'])
    await proxy.admin('POST', '/admin/generations', { changes: [{ capability: 'customers', stage }] })
  expect((await proxy.ask('/customers/1', caller)).headers['strangler-side']).toBe('extracted')
})
