import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const folder = join(import.meta.dirname, '..', 'dashboard')
const page = (name: string) => import(join(folder, name))

test('no page makes markup out of text, or code', () => {
  for (const name of readdirSync(folder).filter(each => each.endsWith('.js'))) {
    const code = readFileSync(join(folder, name), 'utf8')
    expect({
      name,
      found: code.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/),
    }).toEqual({
      name,
      found: null,
    })
  }
})

test('a link holds whatever a route or path is made of', async () => {
  const { parseRoute, routeTo } = await page('router.js')
  const route = 'GET /customers/{id}?x=ü&y#z'
  const { parts, query } = parseRoute(
    routeTo(['comparisons', 'a/b%'], { route, path: '$.a[0]', offset: undefined }),
  )
  expect(parts).toEqual(['comparisons', 'a/b%'])
  expect(Object.fromEntries(query)).toEqual({ route, path: '$.a[0]' })
  expect(parseRoute('#/a/%E0%A4%A').parts).toEqual(['a', '%E0%A4%A'])
  expect(parseRoute('').parts).toEqual([])
})

test('two values are alike at both ends, which never overlap', async () => {
  const { commonEnds, ignoreYaml } = await page('divergence-sample.js')
  expect(commonEnds('creditLimit 19.99', 'creditLimit 19.98')).toEqual([16, 0])
  expect(commonEnds('aa', 'aaa')).toEqual([2, 0])
  expect(commonEnds('abXcd', 'abYYcd')).toEqual([2, 2])
  expect(ignoreYaml('GET /x', '$.a"b', 'it is\nso')).toContain('path: "$.a\\"b", reason: "it is\\nso"')
})

describe('a plot', () => {
  test('has a round number at its top', async () => {
    const { niceCeiling } = await page('plot-geometry.js')
    expect([0, 0.3, 1, 1.1, 23, 25, 260, 9_999].map(niceCeiling)).toEqual([1, 0.5, 1, 2, 25, 25, 500, 10_000])
  })

  test('breaks its line where there is no value and where none was taken', async () => {
    const { linePath } = await page('plot-geometry.js')
    const points = [0, 1, null, 3, 9].map((value, at) => ({ at: at === 4 ? 99 : at, value }))
    const same = (value: number) => value
    expect(linePath(points, (point: { value: number }) => point.value, same, same, 5)).toBe(
      'M0 0L1 1M3 3M99 9',
    )
  })
})

test.each([
  [{ stage: 'legacy', writes: 'legacy' }, undefined],
  [{ stage: 'shadow', writes: 'legacy' }, 'stage'],
  [{ stage: 'canary', writes: 'legacy' }, 'stage'],
  [{ stage: 'extracted', writes: 'extracted' }, 'rollback'],
  [{ stage: 'extracted', writes: 'legacy', owner: 'extracted' }, 'rollback'],
  [{ stage: 'retired', writes: 'extracted' }, undefined],
])('the way back of %j is %s', async (capability, verb) => {
  const { wayBack } = await page('words.js')
  expect(wayBack(capability)?.verb).toBe(verb)
})

test('durations and ages are said as people say them', async () => {
  const { ago, duration } = await page('format.js')
  expect([3.26, 850, 4_200, 180_000, 185_000, 86_400_000, null].map(duration)).toEqual([
    '3.3 ms',
    '850 ms',
    '4.2 s',
    '3 min',
    '3 min 5 s',
    '1 d',
    '–',
  ])
  expect([0, 40_000, 300_000, 7_200_000].map(ms => ago(1_000_000_000 - ms, 1_000_000_000))).toEqual([
    'just now',
    '40 s ago',
    '5 min ago',
    '2 h ago',
  ])
})

test('an outcome in the audit belongs to what was asked last: a forecast is not taken for a deed', async () => {
  const { askedFor } = await page('audit-view.js')
  const entry = (seq: number, verb: string, asked?: unknown) => ({
    seq,
    operator: 'ada',
    verb,
    capability: 'customers',
    details: asked === undefined ? { exit: 0 } : { asked },
  })
  const entries = [
    entry(6, 'cutover'),
    entry(5, 'cutover', { dryRun: false }),
    entry(4, 'cutover'),
    entry(3, 'stage', { stage: 'canary' }),
    entry(2, 'cutover', { dryRun: true }),
    entry(1, 'cutover'),
  ]
  expect(Object.fromEntries(askedFor(entries))).toEqual({
    2: { dryRun: true },
    3: { stage: 'canary' },
    4: { dryRun: true },
    5: { dryRun: false },
    6: { dryRun: false },
  })
})

test('a journal is shown run by run, the latest first', async () => {
  const { runsOf } = await page('journal-view.js')
  const entries = ['b', 'b', 'a'].map((run, id) => ({ run, id, action: 'cutover', operator: 'ada' }))
  const runs = runsOf(entries) as { run: string; entries: unknown[] }[]
  expect(runs.map(({ run, entries: of }) => [run, of.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ])
})
