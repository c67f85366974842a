import { expect, test } from '@jest/globals'
import { drillTable } from '../src/render/drill-table.ts'
import { failureText } from '../src/render/failure.ts'
import { createPaint, type Paper } from '../src/render/paper.ts'
import { jsonDocument, manyLines, oneLine } from '../src/render/plain-text.ts'
import { planSteps } from '../src/render/plan-steps.ts'
import { duration } from '../src/render/quantities.ts'
import { refusalText } from '../src/render/refusals.ts'
import { statusTable } from '../src/render/status-table.ts'
import { table } from '../src/render/table.ts'
import { cutToWidth, textWidth } from '../src/render/text-width.ts'
import { moveText, verifyTable } from '../src/render/verb-results.ts'

const paper = (width = Number.POSITIVE_INFINITY): Paper => ({ width, paint: createPaint(false) })
const now = Date.UTC(2026, 0, 2)

const status = {
  generation: 7,
  problems: [],
  capabilities: [
    {
      name: 'customers',
      stage: 'canary',
      writes: 'legacy',
      percent: 10,
      lagMs: 42,
      positionsBehind: 0,
      comparison: { samples: 20000, diverged: 3, ignored: 0, noise: 0, verdict: 'fail' },
      lastDrill: { at: '2026-01-01T22:00:00Z', ok: true, lostWrites: 0, holdP99Ms: 40, rollbackMs: 90 },
      hold: { sinceMs: 20, parked: 12 },
    },
  ],
}

test('a status says everything of a capability in one row', () => {
  const text = statusTable(status, paper(), now)
  for (const part of [
    'generation 7',
    'canary 10 %',
    '42 ms',
    '3 of 20,000: fail',
    '12 parked',
    'passed 2 h ago',
  ])
    expect(text).toContain(part)
})

test('in 80 columns nothing of a board with ordinary names is cut', () => {
  const idle = { ...status.capabilities[0], name: 'orders', stage: 'legacy', hold: null }
  const waiting = { ...idle, comparison: { samples: 3, diverged: 0, verdict: 'insufficient' } }
  const text = statusTable({ generation: 7, capabilities: [idle, waiting] }, paper(80), now)
  expect(text).toContain('0 of 3: insufficient')
  expect(text).not.toContain('…')
  expect(text.split('\n')).toHaveLength(5)
})

test.each([200, 100, 80, 60, 40, 20])('a status never outgrows a terminal of %i columns', width => {
  for (const line of statusTable(status, paper(width), now).split('\n').slice(1))
    expect(textWidth(line)).toBeLessThanOrEqual(width)
})

test('a status names what is wrong with a file that was refused', () => {
  const problems = [{ path: 'capabilities.customers.stage', message: 'no such stage', line: 7 }]
  const text = statusTable({ ...status, file: 'strangler.yaml', problems }, paper(), now)
  expect(text).toContain('strangler.yaml:7 capabilities.customers.stage: no such stage')
})

test('a status without its fields is shown with dashes instead of failing', () => {
  expect(statusTable({ capabilities: [{}, null, 3] }, paper(80), now)).toContain('–')
})

test('columns stand under each other with wide characters and emoji in the cells', () => {
  const text = table(
    [{ title: 'A' }, { title: 'B' }],
    [
      ['김철수', 'x'],
      ['Zoë 👩‍👩‍👧', 'x'],
      ['é', 'x'],
    ],
    paper(),
  )
  const widths = text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => textWidth(line.slice(0, line.lastIndexOf('x'))))
  expect(new Set(widths).size).toBe(1)
})

test('a wide character is never halved by a cut', () => {
  expect(cutToWidth('김철수', 4)).toBe('김…')
  expect(textWidth(cutToWidth('김철수', 5))).toBe(5)
  expect(cutToWidth('abc', 3)).toBe('abc')
})

test('escape sequences and direction marks of a server are shown, not obeyed', () => {
  const hostile = 'a\u001b[2Jb\u009b31mc\u202ed\r\ne'
  expect(oneLine(hostile)).toBe('a\\u001b[2Jb\\u009b31mc\\u202ed e')
  expect(manyLines('x\n  y\u0007')).toBe('x\n  y\\u0007')
})

test('a JSON document keeps hostile values, as escapes', () => {
  const value = { name: 'a\u001b[2J\u009b\u202e\u2028' }
  const text = jsonDocument(value, false)
  expect(JSON.parse(text)).toEqual(value)
  expect(text.trimEnd()).toMatch(/^[\x20-\x7e]*$/)
})

test('a plan numbers its steps with state, gates and refusals', () => {
  const plan = {
    stage: 'shadow',
    writes: 'legacy',
    steps: [
      { name: 'backfill', state: 'done' },
      {
        name: 'canary',
        state: 'pending',
        gates: [
          { name: 'divergence', ok: false, message: '3 diverged > 0' },
          { name: 'lag', ok: true, value: 12, limit: 500 },
        ],
        refusals: [
          { code: 'DIVERGENCE_OVER_LIMIT', message: '3 of 250 diverged > 0', hint: 'strangler compare' },
        ],
      },
    ],
  }
  const text = planSteps(plan, 'customers', paper())
  expect(text).toContain('1. ✓ backfill  done')
  expect(text).toContain('2. · canary  pending')
  expect(text).toContain('✗ divergence: 3 diverged > 0')
  expect(text).toContain('✓ lag: 12, limit 500')
  expect(text).toContain('DIVERGENCE_OVER_LIMIT  3 of 250 diverged > 0')
  expect(text).toContain('→ strangler compare')
})

test('a refusal has its code, its numbers and what to do', () => {
  const refusals = [{ code: 'LAG_OVER_LIMIT', message: 'lag 4200 ms > 500 ms', details: {} }]
  expect(refusalText('cutover', 'customers', { refusals }, paper())).toBe(
    'cutover customers: refused, for 1 reason\n  LAG_OVER_LIMIT  lag 4200 ms > 500 ms\n→ npx strangler plan customers shows every gate with its numbers\n',
  )
})

test('a failure lists the problems that its message leaves out, once', () => {
  const problem = { path: 'a.b', message: 'is wrong' }
  const text = failureText(
    { code: 'CONFIG_INVALID', message: 'x', details: { problems: [problem] } },
    paper(),
  )
  expect(text).toBe('CONFIG_INVALID: x\n  a.b: is wrong\n')
  expect(failureText({ code: 'C', message: 'f: 1\n  a.b: is wrong', problems: [problem] }, paper())).toBe(
    'C: f: 1\n  a.b: is wrong\n',
  )
})

test('a drill shows the ledger and paints what must be zero', () => {
  const drill = {
    ok: false,
    seed: 7,
    writes: { acknowledged: 180, unknown: 0, lost: 1, duplicated: 0 },
    requests: { total: 360, failed: 0 },
    hold: { p50Ms: 20, p99Ms: 61.4, maxMs: 80 },
    cutoverMs: 210,
    rollbackMs: 190,
    steps: [{ name: 'cutover', ms: 210, message: 'moved' }],
  }
  const text = drillTable(drill, 'customers', { ...paper(), paint: createPaint(true) })
  expect(text).toContain(`writes lost${' '.repeat(15)}\u001b[31m`)
  expect(text).toContain(`writes duplicated${' '.repeat(9)}\u001b[32m`)
  const plain = drillTable(drill, 'customers', paper())
  expect(plain).toContain('drill customers: failed (seed 7)')
  expect(plain).toContain('61 ms')
  expect(plain).toContain('moved')
})

test('a switch that has no way back says so instead of offering one', () => {
  const hold = { p50Ms: 20, p99Ms: 40, maxMs: 50 }
  const done = moveText('cutover', { ms: 180, hold }, 'customers', false, paper())
  expect(done).toContain('the extracted side owns the writes, after 180 ms')
  expect(done).toContain('npx strangler rollback customers')
  const stuck = moveText('cutover', { ms: 180, hold, reversible: false }, 'customers', false, paper())
  expect(stuck).toContain('NOT reversible')
  expect(stuck).not.toContain('strangler rollback')
})

test('a dry run is a numbered list that says that nothing was changed', () => {
  const text = moveText(
    'cutover',
    { steps: ['hold the writes', { message: 'fence legacy' }] },
    'customers',
    true,
    paper(),
  )
  expect(text).toBe(
    'cutover customers would (nothing was changed):\n  1. hold the writes\n  2. fence legacy\n',
  )
})

test('a verification counts rows per table and shows samples of those that differ', () => {
  const tables = [{ table: 'CUST_MST', rows: 20000, missing: 0, extra: 0, different: 2 }]
  const samples = [{ table: 'customers', kind: 'different', key: { id: 4 }, columns: ['credit_limit'] }]
  const text = verifyTable({ ok: false, tables, samples, ms: 900 }, 'customers', paper())
  expect(text).toContain('20,000 rows compared in 900 ms, the sides differ')
  expect(text).toContain('different in customers: {"id":4} (credit_limit)')
})

test.each([
  [3.25, '3.3 ms'],
  [999, '999 ms'],
  [4_200, '4.2 s'],
  [185_000, '3 min 5 s'],
  [7_440_000, '2 h 4 min'],
  [266_400_000, '3 d 2 h'],
  [null, '–'],
])('%p ms reads %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})
