import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generations, type Running, startRunning, token, viewerToken } from './dashboard-kit.ts'

let running: Running
let operator: string
let viewer: string
beforeAll(async () => {
  running = await startRunning()
  operator = await running.signIn('ada')
  viewer = await running.signIn('vera', viewerToken)
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

const rule = {
  route: 'GET /customers/{id}',
  path: '/updatedAt',
  reason: 'rounds to seconds',
  until: '2099-01-31',
}
const ignorePath = '/api/capabilities/customers/ignore'
const told = () => running.proxy.asked.filter(({ method }) => method === 'POST')

test('a divergence that is meant becomes a rule, in the name of who has signed in', async () => {
  const response = await running.call('POST', ignorePath, { body: rule, cookie: operator })
  expect(await response.json()).toEqual({ generation: 3 })
  const { reason, ...ignore } = rule
  expect(told().at(-1)).toEqual({
    method: 'POST',
    path: '/admin/generations',
    token: `Bearer ${token}`,
    body: { changes: [{ capability: 'customers', ignore: { ...ignore, reason } }], by: 'ada', reason },
  })
})

test.each([
  [{ ...rule, reason: ' ' }, 400],
  [{ ...rule, until: 'tomorrow' }, 400],
  [{ ...rule, path: '' }, 400],
  [{ ...rule, more: 1 }, 400],
])('%p is refused before any proxy is told', async (body, status) => {
  const before = told().length
  expect((await running.call('POST', ignorePath, { body, cookie: operator })).status).toBe(status)
  expect(told()).toHaveLength(before)
})

test('generations are shown with what each changed, and one of them becomes a new one again', async () => {
  const listed = await running.call('GET', '/api/generations?limit=5', { cookie: viewer })
  expect(await listed.json()).toEqual(generations)
  const body = { reason: 'slower than before' }
  const reverted = await running.call('POST', '/api/generations/2/revert', { body, cookie: operator })
  expect(reverted.status).toBe(200)
  expect(told().at(-1)).toMatchObject({
    path: '/admin/generations/2/revert',
    body: { by: 'ada', reason: 'slower than before' },
  })
  const unknown = await running.call('POST', '/api/generations/9/revert', { body, cookie: operator })
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'GENERATION_UNKNOWN' }])
})

test('a viewer sees everything and changes nothing', async () => {
  const session = await running.call('GET', '/api/session', { cookie: viewer })
  expect(await session.json()).toEqual({ by: 'vera', role: 'viewer' })
  for (const path of ['/api/capabilities/customers/plan', '/api/audit', '/api/history'])
    expect((await running.call('GET', path, { cookie: viewer })).status).toBe(200)
  const asked = [running.engine, running.proxy].map(
    server => server.asked.filter(({ method }) => method === 'POST').length,
  )
  const changes: [string, unknown][] = [
    ['/api/capabilities/customers/stage', { stage: 'legacy', reason: 'why' }],
    ['/api/capabilities/customers/cutover', { reason: 'why' }],
    ['/api/capabilities/customers/preview', { verb: 'cutover' }],
    [ignorePath, rule],
    ['/api/generations/2/revert', { reason: 'why' }],
  ]
  for (const [path, body] of changes) {
    const response = await running.call('POST', path, { body, cookie: viewer })
    expect([path, response.status, await response.json()]).toMatchObject([path, 403, { code: 'FORBIDDEN' }])
  }
  const after = [running.engine, running.proxy].map(
    server => server.asked.filter(({ method }) => method === 'POST').length,
  )
  expect(after).toEqual(asked)
  expect((await running.call('DELETE', '/api/session', { cookie: viewer })).status).toBe(200)
})

test('without a viewer’s token nobody becomes one by an empty one', async () => {
  const response = await running.call('POST', '/api/session', { body: { token: ' ', by: 'eve' } })
  expect(response.status).toBe(401)
})

test('the journal of a capability comes from the engine', async () => {
  const response = await running.call('GET', '/api/capabilities/customers/journal', { cookie: operator })
  expect(response.status).toBe(200)
  expect(running.engine.asked.map(({ path }) => path)).toContain('/capabilities/customers/journal?limit=300')
  expect((await running.call('GET', '/api/capabilities/none/journal', { cookie: operator })).status).toBe(404)
})
