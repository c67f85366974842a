import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { DrillResult } from '../src/drill/drill.ts'
import { drillJunit } from '../src/drill/drill-junit.ts'
import { drillPage } from '../src/drill/drill-page.ts'
import { storeReport } from '../src/drill/store-report.ts'

const passed: DrillResult = {
  ok: true,
  seed: 7,
  writes: { acknowledged: 180, unknown: 0, unknownApplied: 0, lost: 0, duplicated: 0 },
  order: { checked: 90, broken: 0 },
  reads: { total: 45, stale: 0 },
  fault: null,
  samples: [
    { atMs: 100, legacy: 3, extracted: 0, waiting: 1, lagMs: 12 },
    { atMs: 200, legacy: 0, extracted: 4, waiting: 9, lagMs: null },
  ],
  requests: { total: 180, failed: 0 },
  hold: { p50Ms: 80, p99Ms: 160, maxMs: 161 },
  cutoverMs: 500,
  rollbackMs: 450,
  steps: [{ name: 'cutover', ms: 500, message: 'owner moved' }],
  findings: [],
}
const failed: DrillResult = {
  ...passed,
  ok: false,
  writes: { ...passed.writes, lost: 1 },
  findings: ['lost: <drill-1>'],
}

test('a drill that passed has no failure; one that lost a write names it', () => {
  expect(drillJunit('customers', passed)).toContain('tests="6" failures="0"')
  const junit = drillJunit('customers', failed)
  expect(junit).toContain('failures="2"')
  expect(junit).toContain('lost: &#60;drill-1&#62;')
})

test('the page shows verdict, figures and timeline, and what was found as text only', () => {
  const at = new Date(Date.UTC(2026, 0, 2))
  expect(drillPage('customers', at, passed)).toContain('passed')
  const page = drillPage('customers', at, failed)
  expect(page).toContain('FAILED')
  expect(page).toContain('<polyline fill="none" stroke="#268" points="430.0,120.0 860.0,0.0">')
  expect(page).toContain('90 / 0')
  expect(page).not.toContain('<drill-1>')
  expect(page).not.toContain('<script')
})

test('page, JSON and JUnit stand side by side', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drill-'))
  try {
    await storeReport(join(folder, 'reports'), 'customers', new Date(0), passed)
    const files = (await readdir(join(folder, 'reports'))).sort()
    expect(files.map(name => name.split('.').slice(1).join('.'))).toEqual(['html', 'json', 'junit.xml'])
    expect(JSON.parse(await readFile(join(folder, 'reports', files[1]!), 'utf8'))).toEqual(passed)
  } finally {
    await rm(folder, { recursive: true })
  }
})
