import { expect, test } from '@jest/globals'
import { createLog } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import request from 'supertest'
import { plan } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import type { Audit } from '../src/journal/audit.ts'
import type { Engine } from '../src/operator/engine.ts'
import { createOperatorApi } from '../src/operator/operator-api.ts'
import type { VerbRequest } from '../src/operator/verb-requests.ts'

const token = 'the-token-of-this-test'
const bearer = { authorization: `Bearer ${token}` }

function build(wait: () => Promise<void> = async () => {}) {
  const asked: VerbRequest[] = []
  const engine: Engine = {
    perform: async (_plan, verb, onProgress) => {
      asked.push(verb)
      onProgress({ step: 'hold', message: 'held', done: 1, total: 2 })
      if (verb.verb === 'cutover') {
        const refusals = [{ code: 'LAG_TOO_HIGH', message: 'lag 4200 ms > 500 ms', details: {} }]
        return { result: { refusals }, exit: 3 }
      }
      return { result: { capability: 'customers', stage: 'canary' }, exit: 0 }
    },
    start: async () => {},
    close: async () => {},
  }
  const sync = {
    status: () => ({ direction: 'forward', running: true, lagMs: 12 }),
    waitUntilApplied: wait,
  }
  const parts = {
    proxies: [],
    journal: { recent: async (capability: string, limit: number) => [{ capability, limit, verb: 'hold' }] },
    syncs: { current: () => ({ source: 'legacy', epoch: 1, sync }) },
    sidesOf: () => {
      throw new ToolkitError('DATABASE_UNREACHABLE', 'database legacy: refused')
    },
  } as unknown as SwitchParts
  const audit = {
    last: async (limit: number) => Array.from({ length: limit }, (_, seq) => ({ seq })),
    verify: async () => ({ seq: 2, reason: 'changed' }),
  } as unknown as Audit
  const api = createOperatorApi({
    engine,
    parts,
    plans: new Map([[plan.capability, plan]]),
    audit,
    token,
    operational: () => false,
    log: createLog('test', 'silent'),
  })
  return { api, asked }
}

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)

test.each(['', 'Bearer ', 'Bearer wrong', `Basic ${token}`, token])(
  'a call that carries %j instead of the token is refused',
  async authorization => {
    const { api } = build()
    await request(api).get('/audit').set('authorization', authorization).expect(401)
    await request(api)
      .post('/capabilities/customers/cutover')
      .set('authorization', authorization)
      .send({})
      .expect(401)
  },
)

test('a verb answers with progress lines and ends with one result and its exit code', async () => {
  const { api, asked } = build()
  const body = { stage: 'canary', percent: 10, by: 'ann', reason: 'shadow was clean' }
  const reply = await request(api).post('/capabilities/customers/stage').set(bearer).send(body).expect(200)
  const told = lines(reply.text)
  expect(told.at(-2)).toEqual({ progress: { step: 'hold', message: 'held', done: 1, total: 2 } })
  expect(told.at(-1)).toEqual({ result: { capability: 'customers', stage: 'canary' }, exit: 0 })
  expect(told.filter(line => 'result' in line)).toHaveLength(1)
  expect(asked).toEqual([{ verb: 'stage', body: { ...body, dryRun: false, force: false } }])
})

test('a refusal is a result with exit 3', async () => {
  const { api } = build()
  const reply = await request(api).post('/capabilities/customers/cutover').set(bearer).send({}).expect(200)
  expect(lines(reply.text).at(-1)).toMatchObject({
    result: { refusals: [{ code: 'LAG_TOO_HIGH' }] },
    exit: 3,
  })
})

test('every problem of a body is named, and nothing is begun', async () => {
  const { api, asked } = build()
  const reply = await request(api)
    .post('/capabilities/customers/stage')
    .set(bearer)
    .send({ stage: 'sideways', percent: 120, forced: true })
    .expect(400)
  const paths = (reply.body as { problems: { path: string }[] }).problems.map(({ path }) => path)
  expect(paths.sort()).toEqual(['', 'percent', 'reason', 'stage'])
  expect(asked).toEqual([])
})

test.each([
  ['an unknown capability', '/capabilities/orders/run', 404],
  ['an unknown verb', '/capabilities/customers/destroy', 404],
  ['a name of the prototype', '/capabilities/customers/constructor', 404],
])('%s is not found', async (_what, path, status) => {
  await request(build().api).post(path).set(bearer).send({}).expect(status)
})

test('what is not JSON, comes from a page, or is too big is turned away', async () => {
  const { api, asked } = build()
  const post = () => request(api).post('/capabilities/customers/run').set(bearer)
  await post().set('content-type', 'text/plain').send('{}').expect(415)
  await post().set('origin', 'http://evil.example').send({}).expect(403)
  await post().set('sec-fetch-site', 'cross-site').send({}).expect(403)
  await post().set('content-type', 'application/json').send('{"by":').expect(400)
  await post()
    .send({ reason: 'x'.repeat(70_000) })
    .expect(413)
  expect(asked).toEqual([])
})

test('the sync of a capability is described', async () => {
  const reply = await request(build().api).get('/sync/customers').set(bearer).expect(200)
  expect(reply.body).toMatchObject({ direction: 'forward', running: true, lagMs: 12, target: 'extracted' })
})

test('a barrier over a database that is away is an error, never “applied”', async () => {
  const reply = await request(build().api).post('/sync/customers/barrier').set(bearer).send({ timeoutMs: 50 })
  expect(reply.status).toBe(503)
  expect(reply.body).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(reply.body).not.toHaveProperty('applied')
})

test('the audit is listed, and its chain is verified when asked', async () => {
  const { api } = build()
  expect((await request(api).get('/audit?limit=3').set(bearer).expect(200)).body).toHaveLength(3)
  const verified = await request(api).get('/audit?limit=1&verify=true').set(bearer).expect(200)
  expect(verified.body).toMatchObject({ chain: { ok: false, seq: 2, reason: 'changed' } })
  await request(api).get('/audit?limit=100000').set(bearer).expect(400)
})

test('the journal of a planned capability is answered, within bounds', async () => {
  const { api } = build()
  const answer = await request(api).get('/capabilities/customers/journal?limit=5').set(bearer)
  expect(answer.body).toEqual({
    capability: 'customers',
    entries: [{ capability: 'customers', limit: 5, verb: 'hold' }],
  })
  for (const [path, status] of [
    ['/capabilities/customers/journal?limit=0', 400],
    ['/capabilities/nothing/journal', 404],
  ] as const)
    expect([path, (await request(api).get(path).set(bearer)).status]).toEqual([path, status])
  expect((await request(api).get('/capabilities/customers/journal')).status).toBe(401)
})
