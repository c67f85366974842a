import { expect, test } from '@jest/globals'
import { compareDocument } from '../src/operator/proxy-operator.ts'
import { deafUrl, json, startFake, stateFolder, strangler } from './fake-system.ts'

const comparison = {
  samples: 60,
  matched: 58,
  ignored: 0,
  diverged: 2,
  errors: 0,
  noise: 1,
  verdict: 'fail',
}
const proxyStatus = {
  generation: 4,
  hash: 'abc',
  file: 'strangler.yaml',
  problems: [],
  capabilities: [
    { name: 'catalog', stage: 'canary', writes: 'legacy', data: 'none', percent: 25, hold: null, comparison },
  ],
}

function startProxy() {
  return startFake((asked, response, request) => {
    if (asked.path === '/admin/status') return json(proxyStatus)(asked, response, request)
    if (asked.path === '/admin/comparisons/catalog') {
      const divergences = [
        { route: 'GET /p', path: 'body.price', count: 2, legacy: 1, extracted: 2, traceId: 't' },
      ]
      return json({ capability: 'catalog', ...comparison, routes: [], divergences })(asked, response, request)
    }
    if (asked.path === '/admin/generations')
      return json({ generation: 5, hash: 'def' })(asked, response, request)
    return json({ code: 'NOT_FOUND', message: 'nothing here' }, 404)(asked, response, request)
  })
}

test('where only a proxy runs, status, stage and compare are asked of its admin API', async () => {
  await using proxy = await startProxy()
  await using system = await stateFolder({ proxy: { pid: 1, url: 'x', adminUrl: proxy.url } })
  const status = await strangler(system.folder, ['status', '--json'])
  expect(status.exit).toBe(0)
  expect(JSON.parse(status.stdout)).toMatchObject({
    generation: 4,
    capabilities: [
      { name: 'catalog', stage: 'canary', percent: 25, lagMs: null, lastDrill: null, hold: null },
    ],
  })
  const stage = await strangler(system.folder, [
    'stage',
    'catalog',
    'extracted',
    '--reason',
    'quiet',
    '--json',
  ])
  expect(stage.exit).toBe(0)
  expect(JSON.parse(stage.stdout)).toMatchObject({ capability: 'catalog', stage: 'extracted', generation: 5 })
  expect(proxy.asked.at(-1)!.body).toEqual({
    changes: [{ capability: 'catalog', stage: 'extracted' }],
    by: 'ada',
    reason: 'quiet',
  })
  const compare = await strangler(system.folder, ['compare', '--json'])
  expect(compare.exit).toBe(4)
  expect(JSON.parse(compare.stdout)).toMatchObject({
    requests: 60,
    verdict: 'fail',
    divergences: [{ path: 'body.price', before: 1, after: 2 }],
  })
})

test('--admin names a proxy that no run.json knows', async () => {
  await using proxy = await startProxy()
  const ran = await strangler('/', ['status', '--admin', proxy.url, '--json'], { token: 'mine' })
  expect(ran.exit).toBe(0)
  expect(proxy.asked[0]!.token).toBe('Bearer mine')
  const wrong = await strangler('/', ['status', '--admin', 'ftp://x', '--json'], { token: 'mine' })
  expect(wrong.exit).toBe(2)
  expect(JSON.parse(wrong.stdout)).toMatchObject({ code: 'USAGE_URL' })
})

test('what needs an engine says so to a proxy alone', async () => {
  await using proxy = await startProxy()
  await using system = await stateFolder({ proxy: { pid: 1, url: 'x', adminUrl: proxy.url } })
  const ran = await strangler(system.folder, ['cutover', 'catalog'])
  expect(ran.exit).toBe(1)
  expect(ran.stderr).toContain('ENGINE_MISSING')
  expect(proxy.asked).toEqual([])
})

test('while a known engine does not listen, reading falls back to the proxy and a change does not', async () => {
  await using proxy = await startProxy()
  await using system = await stateFolder({
    engine: { pid: 1, url: await deafUrl() },
    proxy: { pid: 2, url: 'x', adminUrl: proxy.url },
  })
  const status = await strangler(system.folder, ['status'])
  expect(status.exit).toBe(0)
  expect(status.stderr).toContain("the proxy's own figures")
  const stage = await strangler(system.folder, ['stage', 'catalog', 'legacy', '--reason', 'x', '--json'])
  expect(stage.exit).toBe(1)
  expect(JSON.parse(stage.stdout)).toMatchObject({ code: 'ENGINE_UNREACHABLE' })
  expect(proxy.asked.map(({ path }) => path)).toEqual(['/admin/status'])
})

test('several comparisons add up, and too little evidence of one is not a pass of all', () => {
  const each = (verdict: string, samples: number) => ({ ...comparison, verdict, samples, divergences: [] })
  expect(compareDocument([each('pass', 100), each('insufficient', 3)])).toMatchObject({
    requests: 103,
    verdict: 'insufficient',
  })
  expect(compareDocument([each('pass', 100), each('fail', 60)]).verdict).toBe('fail')
  expect(compareDocument([each('pass', 1)]).verdict).toBe('pass')
  expect(compareDocument([])).toMatchObject({ requests: 0, noise: 0, verdict: 'insufficient' })
})
