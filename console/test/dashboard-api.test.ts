import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { readPortal } from '../src/dashboard/portal-menu.ts'
import type { VerbRun } from '../src/dashboard/verb-runs.ts'
import { customers, eventually, startRunning } from './dashboard-kit.ts'

test('the stream tells the runs first, then a snapshot with what engine and proxies know', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  const stream = await running.call('GET', '/api/events', { cookie })
  expect(stream.headers.get('content-type')).toContain('text/event-stream')
  const { data } = await eventually(stream, ({ event }) => event === 'snapshot')
  expect(data).toMatchObject({
    generation: 3,
    engine: null,
    proxies: [{ url: running.proxy.url, generation: 3, silence: null }],
    capabilities: [
      { name: 'customers', stage: 'canary', planned: true, breaker: { rest: 'open' }, pinned: 2, lagMs: 3 },
    ],
  })
  expect(running.engine.asked[0]!.token).toBe('Bearer the-operators-token')
})

test('without the engine the figures are the proxies’ own, and it says who is silent', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  await running.engine[Symbol.asyncDispose]()
  const { data } = await eventually(
    await running.call('GET', '/api/events', { cookie }),
    ({ event, data: snapshot }) => event === 'snapshot' && (snapshot as { engine: unknown }).engine !== null,
  )
  expect(data).toMatchObject({
    engine: { code: 'ENGINE_UNREACHABLE' },
    capabilities: [{ name: 'customers', stage: 'canary', lagMs: null, planned: false }],
  })
  const plan = await running.call('GET', '/api/capabilities/customers/plan', { cookie })
  expect({ status: plan.status, body: await plan.json() }).toMatchObject({
    status: 502,
    body: { code: 'ENGINE_UNREACHABLE' },
  })
  // So that disposing of it a second time finds nothing to close.
  running.engine[Symbol.asyncDispose] = async () => {}
})

test('a verb goes to the engine in the name of who has signed in; its progress and end are told', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn('ada')
  const progress = { step: 'hold', message: 'parking writes' }
  running.answers.verb = [{ progress }, { progress }, { result: { owner: 'extracted' }, exit: 0 }]
  const stream = await running.call('GET', '/api/events', { cookie })
  const asked = await running.call('POST', '/api/capabilities/customers/cutover', {
    cookie,
    body: { reason: 'agreed' },
  })
  expect(asked.status).toBe(202)
  const { id } = (await asked.json()) as { id: string }
  const { data } = await eventually(
    stream,
    ({ event, data: run }) => event === 'run' && (run as VerbRun).ended !== null,
  )
  expect(data).toMatchObject({
    id,
    verb: 'cutover',
    by: 'ada',
    reason: 'agreed',
    progress: [progress],
    ended: { result: { owner: 'extracted' }, exit: 0 },
  })
  expect(running.engine.asked.filter(({ method }) => method === 'POST')).toMatchObject([
    { path: '/capabilities/customers/cutover', body: { by: 'ada', reason: 'agreed' } },
  ])
})

test('a forecast of a cutover is the engine’s dry run; of a drill, without what a drill cures', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  const refusals = [
    { code: 'DRILL_MISSING', message: 'never drilled' },
    { code: 'LAG_TOO_HIGH', message: 'lag 900 ms > 500 ms' },
  ]
  running.answers.verb = [{ result: { steps: ['Hold.', 'Release.'], refusals }, exit: 3 }]
  const forecast = async (body: unknown) =>
    (await running.call('POST', '/api/capabilities/customers/preview', { cookie, body })).json()
  expect(await forecast({ verb: 'cutover' })).toEqual({ steps: ['Hold.', 'Release.'], refusals })
  expect(await forecast({ verb: 'drill', rate: 30 })).toMatchObject({ refusals: [refusals[1]] })
  const sent = running.engine.asked.filter(({ method }) => method === 'POST')
  expect(sent.map(({ path, body }) => [path, (body as { dryRun: boolean }).dryRun])).toEqual([
    ['/capabilities/customers/cutover', true],
    ['/capabilities/customers/cutover', true],
  ])
})

test('a forecast of a stage or a run asks no verb of the engine at all', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  const forecast = async (body: unknown) =>
    (await running.call('POST', '/api/capabilities/customers/preview', { cookie, body })).json()
  expect(await forecast({ verb: 'rollback' })).toMatchObject({ refusals: [] })
  expect(await forecast({ verb: 'run', to: 'shadow' })).toEqual({ steps: ['shadow: Compare.'], refusals: [] })
  expect(await forecast({ verb: 'run', to: 'extracted' })).toMatchObject({
    refusals: [{ code: 'DRILL_MISSING', message: 'never drilled' }],
  })
  running.answers.capability = { ...customers, phase: 'planned' }
  await eventually(
    await running.call('GET', '/api/events', { cookie }),
    ({ data }) => (data as { capabilities?: { phase: string }[] }).capabilities?.[0]?.phase === 'planned',
  )
  expect(await forecast({ verb: 'stage', stage: 'canary', percent: 25 })).toMatchObject({
    steps: expect.arrayContaining([expect.stringContaining('25 % of the callers')]),
    refusals: [{ code: 'COPY_INCOMPLETE' }],
  })
  expect(running.engine.asked.filter(({ method }) => method === 'POST')).toEqual([])
})

test('while a verb is under way, plan and forecast of its capability wait for nobody and probe nothing', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  running.answers.verbMs = 400
  running.answers.verb = [{ result: {}, exit: 0 }]
  await running.call('POST', '/api/capabilities/customers/drill', { cookie, body: { reason: 'now' } })
  const plan = await running.call('GET', '/api/capabilities/customers/plan', { cookie })
  expect({ status: plan.status, body: await plan.json() }).toMatchObject({
    status: 409,
    body: { code: 'VERB_UNDER_WAY', message: 'drill customers by ada is under way' },
  })
  const forecast = await running.call('POST', '/api/capabilities/customers/preview', {
    cookie,
    body: { verb: 'cutover' },
  })
  expect(await forecast.json()).toMatchObject({ refusals: [{ code: 'VERB_UNDER_WAY' }] })
})

test('divergent paths come by route and page, the most frequent first', async () => {
  await using running = await startRunning()
  const cookie = await running.signIn()
  const route = 'GET /customers/{id}'
  running.answers.divergences = Array.from({ length: 10_000 }, (_, at) => ({
    route: at % 2 === 0 ? route : 'GET /customers',
    path: `$.field${at}`,
    count: at,
    legacy: '1',
    extracted: '2',
  }))
  const summary = await (
    await running.call('GET', '/api/capabilities/customers/comparison', { cookie })
  ).json()
  expect(summary).toMatchObject({ diverged: 1, routes: [{ route, paths: 5_000 }] })
  const query = new URLSearchParams({ route, offset: '50', limit: '2' })
  const began = performance.now()
  const page = await running.call('GET', `/api/capabilities/customers/divergences?${query}`, { cookie })
  expect(await page.json()).toMatchObject({
    total: 5_000,
    divergences: [
      { path: '$.field9898', count: 9_898 },
      { path: '$.field9896', count: 9_896 },
    ],
  })
  expect(performance.now() - began).toBeLessThan(1_000)
})

test('an entry of the portal points at the side that the stage says, from one moment to the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-portal-'))
  const file = join(folder, 'portal.json')
  const places = { legacy: 'http://old.example/customers', extracted: 'http://new.example/customers' }
  await writeFile(
    file,
    JSON.stringify({ title: 'Shop', items: [{ title: 'Customers', capability: 'customers', ...places }] }),
  )
  await using running = await startRunning(file)
  await running.signIn()
  // Nobody needs to sign in for the menu.
  const stream = await running.call('GET', '/api/portal/events')
  const side = (wanted: string) =>
    eventually(stream, ({ data }) => (data as { items: { side: string }[] }).items[0]?.side === wanted)
  running.answers.capability = { ...customers, stage: 'extracted' }
  expect((await side('extracted')).data).toEqual({
    title: 'Shop',
    items: [{ title: 'Customers', description: '', side: 'extracted', href: places.extracted }],
  })
  // A proxy that is silent says nothing about where things are: the item stays where it was.
  await running.proxy[Symbol.asyncDispose]()
  running.answers.capability = { ...customers, stage: null as never }
  const cookie = await running.signIn()
  await eventually(
    await running.call('GET', '/api/events', { cookie }),
    ({ event, data }) =>
      event === 'snapshot' && (data as { proxies: { silence: unknown }[] }).proxies[0]!.silence !== null,
  )
  const { data } = await eventually(await running.call('GET', '/api/portal/events'), () => true)
  expect(data).toMatchObject({ items: [{ side: 'extracted' }] })
  running.proxy[Symbol.asyncDispose] = async () => {}
  await rm(folder, { recursive: true })
})

test('a portal file with mistakes is refused as a whole, every one named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-portal-'))
  const file = join(folder, 'portal.json')
  const item = { title: '', capability: 'Customers!', legacy: 'javascript:alert(1)', extracted: 'ftp://x' }
  await writeFile(file, JSON.stringify({ title: 'Shop', items: [item] }))
  const failure = await readPortal(file).then(
    () => undefined,
    (error: Error) => error.message,
  )
  for (const path of ['items.0.title', 'items.0.capability', 'items.0.legacy', 'items.0.extracted'])
    expect(failure).toContain(path)
  await rm(folder, { recursive: true })
})
