import { expect, test } from '@jest/globals'
import { deafUrl, json, lines, startFake, stateFolder, strangler } from './fake-system.ts'

const capability = {
  name: 'customers',
  stage: 'shadow',
  writes: 'legacy',
  percent: 0,
  lagMs: 3,
  comparison: { samples: 9, diverged: 0, verdict: 'insufficient' },
  lastDrill: null,
  hold: null,
}

async function systemOf(engineUrl: string) {
  return stateFolder({
    engine: { pid: 1, url: engineUrl },
    proxy: { pid: 2, url: 'x', adminUrl: await deafUrl() },
  })
}

test('status asks the engine with the token of the state folder and shows a table', async () => {
  await using engine = await startFake(json({ generation: 3, capabilities: [capability] }))
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['status'])
  expect(ran).toMatchObject({ exit: 0, stderr: '' })
  expect(ran.stdout).toContain('customers')
  expect(engine.asked).toEqual([
    { method: 'GET', path: '/status', token: 'Bearer secret-token', body: undefined },
  ])
})

test('the system is found from a folder below, and STRANGLER_TOKEN stands above the file', async () => {
  await using engine = await startFake(json({ generation: 3, capabilities: [] }))
  await using system = await systemOf(engine.url)
  await strangler(system.stateDir, ['status', '--json'], { token: 'mine' })
  expect(engine.asked[0]!.token).toBe('Bearer mine')
})

test('a verb sends its flags, shows progress on stderr and answers with one document', async () => {
  await using engine = await startFake(
    lines(
      { progress: { step: 'hold', message: 'parking writes' } },
      { result: { ms: 180, hold: { p50Ms: 1, p99Ms: 2, maxMs: 3 } }, exit: 0 },
    ),
  )
  await using system = await systemOf(engine.url)
  const ran = await strangler('/', [
    'cutover',
    'customers',
    '--reason',
    'why',
    '--json',
    '--state',
    system.stateDir,
  ])
  expect(ran.exit).toBe(0)
  expect(JSON.parse(ran.stdout)).toEqual({ ms: 180, hold: { p50Ms: 1, p99Ms: 2, maxMs: 3 } })
  expect(ran.stderr).toBe('hold  parking writes\n')
  expect(engine.asked[0]).toMatchObject({
    method: 'POST',
    path: '/capabilities/customers/cutover',
    body: { reason: 'why', by: 'ada' },
  })
})

test.each([
  [['cutover', 'customers', '--dry-run'], { dryRun: true, by: 'ada', reason: 'no reason given' }],
  [['run', 'customers'], { to: 'extracted', by: 'ada', reason: 'no reason given' }],
  [
    ['run', 'customers', '--to', 'canary', '--by', 'bob'],
    { to: 'canary', by: 'bob', reason: 'no reason given' },
  ],
  [
    [
      'drill',
      'customers',
      '--rate',
      '30',
      '--seconds',
      '6',
      '--seed',
      '7',
      '--fault',
      'cutover.fence.before',
    ],
    {
      rate: 30,
      seconds: 6,
      seed: 7,
      fault: { killEngineAt: 'cutover.fence.before' },
      by: 'ada',
      reason: 'no reason given',
    },
  ],
  [
    ['stage', 'customers', 'canary', '--percent', '12.5', '--reason', 'quiet'],
    { stage: 'canary', percent: 12.5, by: 'ada', reason: 'quiet' },
  ],
  [
    ['drill', 'customers', '--by', 'ann', '--fault', 'kill-proxy@cutover.hold.after'],
    { by: 'ann', reason: 'no reason given', fault: { inject: 'kill-proxy@cutover.hold.after' } },
  ],
  [
    ['stage', 'customers', 'shadow', '--by', 'ann', '--reason', 'what if', '--dry-run'],
    { stage: 'shadow', by: 'ann', reason: 'what if', dryRun: true },
  ],
  [
    ['cutover', 'customers', '--auto-rollback-on', 'error-rate>1%', '--auto-rollback-on', 'lag>5000ms'],
    { by: 'ada', reason: 'no reason given', autoRollbackOn: ['error-rate>1%', 'lag>5000ms'] },
  ],
  [
    ['writers', 'customers', '--by', 'ann', '--seconds', '5'],
    { by: 'ann', reason: 'no reason given', seconds: 5 },
  ],
])('%p is sent as %p', async (args, body) => {
  await using engine = await startFake(lines({ result: {}, exit: 0 }))
  await using system = await systemOf(engine.url)
  expect((await strangler(system.folder, args)).exit).toBe(0)
  expect(engine.asked[0]!.body).toEqual(body)
})

test('refusals end with exit 3, their sentences in words or their document in JSON', async () => {
  const result = {
    refusals: [{ code: 'LAG_OVER_LIMIT', message: 'lag 4200 ms > 500 ms', details: { lagMs: 4200 } }],
  }
  await using engine = await startFake(lines({ result, exit: 3 }))
  await using system = await systemOf(engine.url)
  const words = await strangler(system.folder, ['cutover', 'customers'])
  expect(words.exit).toBe(3)
  expect(words.stdout).toContain('LAG_OVER_LIMIT  lag 4200 ms > 500 ms')
  const document = await strangler(system.folder, ['cutover', 'customers', '--json'])
  expect(document.exit).toBe(3)
  expect(JSON.parse(document.stdout)).toEqual(result)
})

test('a result that says failed is never shown as done', async () => {
  await using engine = await startFake(lines({ result: { stage: 'shadow' }, exit: 1 }))
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['run', 'customers'])
  expect(ran.exit).toBe(1)
  expect(ran.stdout).toBe('FAILED: run customers failed\n')
})

test('compare ends with exit 4 when the sides differ too much', async () => {
  const divergences = [
    { route: 'GET /customers/{id}', path: 'body.creditLimit', count: 3, before: '1.00', after: '1.01' },
  ]
  await using engine = await startFake(json({ requests: 9, diverged: 3, verdict: 'fail', divergences }))
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['compare'])
  expect(ran.exit).toBe(4)
  expect(ran.stdout).toContain('body.creditLimit')
  expect(ran.stdout).toContain('1.01')
})

test('audit shows who did what, and --verify fails on a broken or unproven chain', async () => {
  const entry = {
    seq: 1,
    at: '2026-01-01T00:00:00Z',
    operator: 'ada',
    verb: 'stage',
    capability: 'customers',
    reason: 'quiet',
  }
  let chain: unknown = { ok: true }
  await using engine = await startFake((asked, response) =>
    json({ entries: [entry], chain })(asked, response, null as never),
  )
  await using system = await systemOf(engine.url)
  const whole = await strangler(system.folder, ['audit', '--verify', '--limit', '5'])
  expect(whole).toMatchObject({ exit: 0 })
  expect(whole.stdout).toContain('The chain is whole')
  expect(engine.asked[0]!.path).toBe('/audit?limit=5&verify=true')
  chain = { ok: false, seq: 4, reason: 'changed' }
  const broken = await strangler(system.folder, ['audit', '--verify'])
  expect(broken.exit).toBe(1)
  expect(broken.stdout).toContain('The chain is broken at entry 4: changed')
  chain = undefined
  const unproven = await strangler(system.folder, ['audit', '--verify', '--json'])
  expect(unproven.exit).toBe(1)
  expect(JSON.parse(unproven.stdout)).toMatchObject({ code: 'AUDIT_UNVERIFIED' })
})

test('a stream cut in the middle of a verb is a failure that says what to do', async () => {
  await using engine = await startFake(lines({ progress: { step: 'hold', message: '' } }))
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['cutover', 'customers', '--json'])
  expect(ran.exit).toBe(1)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'VERB_UNFINISHED' })
})

test('an engine that dies while it answers leaves a sentence', async () => {
  await using engine = await startFake((_asked, response) => {
    response.writeHead(200)
    response.write('{"progress":{"step":"fence"}}\n', () => response.destroy())
  })
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['cutover', 'customers'])
  expect(ran.exit).toBe(1)
  expect(ran.stderr).toContain('CONNECTION_LOST')
  expect(ran.stderr).not.toMatch(/\n\s+at /)
})

test('an engine that falls silent is given up on', async () => {
  await using engine = await startFake((_asked, response) => {
    response.writeHead(200)
    response.write('{"progress":{"step":"fence"}}\n')
  })
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['drill', 'customers', '--json'], { idleMs: 100 })
  expect(ran.exit).toBe(1)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'ENGINE_SILENT' })
})

test('an engine that is slow but not silent is waited for', async () => {
  await using engine = await startFake(async (_asked, response) => {
    response.writeHead(200)
    for (let tick = 0; tick < 6; tick++) {
      response.write(`${JSON.stringify({ progress: { step: 'copy', done: tick, total: 6 } })}\n`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    response.end('{"result":{},"exit":0}')
  })
  await using system = await systemOf(engine.url)
  expect((await strangler(system.folder, ['run', 'customers'], { idleMs: 200 })).exit).toBe(0)
})

test('Ctrl-C stops watching and says that the engine may go on', async () => {
  const press = new AbortController()
  await using engine = await startFake((_asked, response) => {
    response.writeHead(200)
    response.write('{"progress":{"step":"fence"}}\n', () => press.abort())
  })
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['cutover', 'customers', '--json'], { signal: press.signal })
  expect(ran.exit).toBe(1)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'INTERRUPTED' })
})

test.each([
  [404, { code: 'CAPABILITY_UNKNOWN', message: 'no capability “x”' }, 2, 'CAPABILITY_UNKNOWN'],
  [422, { code: 'CONFIG_INVALID', problems: [{ path: 'a', message: 'b' }] }, 2, 'CONFIG_INVALID'],
  [409, { code: 'LEASE_HELD', message: 'bob holds the lease' }, 3, 'LEASE_HELD'],
  [401, {}, 2, 'TOKEN_REFUSED'],
  [500, { title: 'Internal error', detail: 'the database is away' }, 1, 'HTTP_500'],
  [302, {}, 1, 'ANSWER_UNREADABLE'],
])('an HTTP %i of the engine is one document, exit as its kind', async (status, body, exit, code) => {
  await using engine = await startFake(json(body, status))
  await using system = await systemOf(engine.url)
  const ran = await strangler(system.folder, ['plan', 'customers', '--json'])
  expect(ran.exit).toBe(exit)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code })
  expect(ran.stdout).not.toContain('secret-token')
})

test('an answer that is no JSON is called so', async () => {
  await using engine = await startFake((_asked, response) => void response.end('<html>'))
  await using system = await systemOf(engine.url)
  expect((await strangler(system.folder, ['status'])).stderr).toContain('ANSWER_UNREADABLE')
  expect((await strangler(system.folder, ['run', 'customers'])).stderr).toContain('ANSWER_UNREADABLE')
})

test('an engine that is being started again is waited for, but not for ever', async () => {
  const url = await deafUrl()
  await using system = await stateFolder({ engine: { pid: 1, url } })
  const gone = await strangler(system.folder, ['run', 'customers', '--json'], { connectMs: 200 })
  expect(gone.exit).toBe(1)
  expect(JSON.parse(gone.stdout)).toMatchObject({ code: 'ENGINE_UNREACHABLE' })
  const running = strangler(system.folder, ['run', 'customers'], { connectMs: 5_000 })
  await new Promise(resolve => setTimeout(resolve, 100))
  await using engine = await startFake(
    lines({ result: { stage: 'extracted' }, exit: 0 }),
    Number(new URL(url).port),
  )
  expect((await running).exit).toBe(0)
  expect(engine.asked).toHaveLength(1)
})

test('writers that the plan does not answer for are shown with what speaks against them', async () => {
  const shape = { table: 'CUST_MST', event: 'update', columns: ['RVW_DT'], rows: 7, answer: null }
  const result = {
    seconds: 5,
    requests: 3,
    accounts: [{ account: 'batch', rows: 7, shapes: [shape], likely: null }],
    past: {
      since: '2026-01-02T03:04:05.000Z',
      complete: true,
      writes: [{ ...shape, event: 'delete', rows: 2 }],
    },
    possible: ['yearly'],
    refusals: [{ code: 'WRITER_UNACCOUNTED', message: 'batch wrote 7 rows in 5 s', details: {} }],
  }
  await using engine = await startFake(lines({ result, exit: 3 }))
  await using system = await systemOf(engine.url)
  const { exit, stdout } = await strangler(system.folder, ['writers', 'customers'])
  expect(exit).toBe(3)
  expect(stdout).toMatch(/batch +CUST_MST update \(RVW_DT\) +7 +none/)
  expect(stdout).toContain('has 2 rows: 2 × CUST_MST delete')
  expect(stdout).toContain('May write, and did not: yearly')
  expect(stdout).toContain('WRITER_UNACCOUNTED  batch wrote 7 rows in 5 s')
})
