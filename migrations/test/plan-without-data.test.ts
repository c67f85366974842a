import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { plan as customers } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { carryOut } from '../src/operator/operator-verbs.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { readVerb, type VerbName } from '../src/operator/verb-requests.ts'
import { loadPlans } from '../src/plan/load-plans.ts'
import type { Plan } from '../src/plan/plan.ts'
import { runPlan } from '../src/plan/run-plan.ts'
import { validatePlan } from '../src/plan/validate-plan.ts'
import { stepsOf } from '../src/steps/steps-of.ts'
import { memoryJournal, testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

const quotes: Plan = {
  capability: 'quotes',
  data: 'none',
  dependsOn: ['customers'],
  tables: [],
  writers: [],
  gates: customers.gates,
  steps: [
    { kind: 'stage', stage: 'shadow' },
    { kind: 'compare-gate', waitSeconds: 0 },
    { kind: 'stage', stage: 'canary', percent: 10 },
    { kind: 'stage', stage: 'extracted' },
  ],
}

function problemsOf(value: unknown): string[] {
  try {
    validatePlan(value, 'plan.ts')
  } catch (error) {
    return (
      error as ToolkitError & { details: { problems: { path: string; message: string }[] } }
    ).details.problems
      .map(({ path, message }) => `${path}: ${message}`)
      .sort()
  }
  return []
}

/** A proxy that serves what it is told, of both capabilities. */
async function wired(customersStage: string) {
  const stages: Record<string, string> = { quotes: 'legacy', customers: customersStage }
  const agreed = { samples: 500, matched: 500, ignored: 0, diverged: 0, errors: 0, noise: 0, noiseSamples: 0 }
  const comparison = { ...agreed, divergence: { share: 0, low: 0, high: 0 }, verdict: 'pass', why: '' }
  const server = await fakeProxy(({ url, body }) => {
    if (url === '/admin/generations') {
      const [change] = (body as { changes: { capability: string; stage: string }[] }).changes
      stages[change!.capability] = change!.stage
      return { body: { generation: 2, hash: 'x' } }
    }
    if (url.startsWith('/admin/comparisons')) return { body: { ...comparison, routes: [], divergences: [] } }
    const capabilities = Object.entries(stages).map(([name, stage]) => {
      return { name, stage, writes: 'legacy', percent: 10, hold: null, comparison }
    })
    return { body: { generation: 1, hash: 'x', problems: [], capabilities } }
  })
  const proxy = createProxyAdmin(server.url, 'token')
  const journal = memoryJournal()
  Object.assign(journal.state, { capability: 'quotes', phase: 'planned', run: null })
  const parts = {
    ...journal.parts,
    proxies: [proxy],
    syncs: { current: () => undefined, ensure: async () => undefined },
  } as unknown as SwitchParts
  return { parts, stages, close: () => proxy.close().then(() => server.close()) }
}

test('a plan of a capability without data has stages and gates only', () => {
  expect(problemsOf(quotes)).toEqual([])
  expect(problemsOf({ ...quotes, databases: customers.databases, drill: customers.drill })).toEqual([
    'databases: has no place in a plan with data: none',
    'drill: has no place in a plan with data: none',
  ])
  expect(problemsOf({ ...quotes, steps: [{ kind: 'backfill' }] })).toEqual([
    'steps.0: backfill has no place in a plan with data: none',
  ])
})

test('with data, only a cutover reaches extracted, and a drill needs its writes', () => {
  const { drill: _, ...undrilled } = customers
  expect(problemsOf(undrilled)).toEqual(['drill: steps.8 needs the writes of a drill'])
  const steps = [...customers.steps.slice(0, 8), { kind: 'stage', stage: 'extracted' }]
  expect(problemsOf({ ...customers, steps })).toEqual([
    'steps.8: only a cutover reaches extracted where there is data',
  ])
  const { databases: _databases, ...homeless } = customers
  expect(problemsOf({ ...homeless, tables: [], writers: [] })).toEqual([
    'databases: is needed',
    'tables: is empty: is it data: none?',
  ])
})

test('a run goes through the stages, and stops where a dependency has not moved', async () => {
  const { parts, stages, close } = await wired('canary')
  const stopped = await runPlan(parts, quotes, stepsOf(quotes), 'extracted', testOrder())
  expect(stages.quotes).toBe('canary')
  expect(stopped.refusals).toMatchObject([
    {
      code: 'DEPENDENCY_NOT_MOVED',
      message: 'quotes depends on customers, which is in stage canary',
      hint: 'strangler run customers',
    },
  ])
  stages.customers = 'extracted'
  const ended = await runPlan(parts, quotes, stepsOf(quotes), 'extracted', testOrder())
  expect([ended.refusals, stages.quotes]).toEqual([[], 'extracted'])
  await close()
})

test('by hand its stage toggles freely, there and back, as far as its dependencies allow', async () => {
  const { parts, stages, close } = await wired('legacy')
  const stage = (name: string) =>
    carryOut(parts, quotes, readVerb('stage', { stage: name, reason: 'tried' }), testOrder())
  expect(await stage('extracted')).toMatchObject({
    exit: 3,
    result: { refusals: [{ code: 'DEPENDENCY_NOT_MOVED' }] },
  })
  expect((await stage('canary')).exit).toBe(0)
  stages.customers = 'retired'
  expect((await stage('extracted')).exit).toBe(0)
  expect((await stage('legacy')).exit).toBe(0)
  expect(stages.quotes).toBe('legacy')
  await close()
})

test.each<VerbName>(['verify', 'writers', 'cutover', 'rollback', 'drill'])(
  '%s of a capability without data is refused with what to do instead',
  async verb => {
    const { parts, close } = await wired('extracted')
    expect(await carryOut(parts, quotes, readVerb(verb, {}), testOrder())).toMatchObject({
      exit: 3,
      result: { refusals: [{ code: 'PLAN_WITHOUT_DATA' }] },
    })
    await close()
  },
)

test('a dependency without a plan, or on oneself by way of others, is refused at load', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plans-'))
  const write = (name: string, plan: object) =>
    writeFile(join(folder, `${name}.ts`), `export const plan = ${JSON.stringify(plan)}`)
  try {
    await write('quotes', quotes)
    await expect(loadPlans(folder)).rejects.toThrow('quotes depends on customers, which has no plan')
    await write('customers', { ...quotes, capability: 'customers', dependsOn: ['quotes'] })
    // A folder of its own: a module is imported once only.
    await expect(loadPlans(folder)).rejects.toThrow('customers depends on itself by way of others')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('columns that a mapping leaves or shares are kept by their writer; a guarded one is not', () => {
  const [first, ...rest] = customers.tables
  const columns = first!.legacy.columns.filter(column => column !== 'RVW_DT')
  const legacy = { ...first!.legacy, columns, leaves: ['RVW_DT'], shared: ['CHG_DT', 'CHG_TM'] }
  const keeping = (kept: string[]) => ({
    ...customers,
    tables: [{ ...first!, legacy }, ...rest],
    writers: [
      {
        account: 'nightly',
        writes: [{ table: 'CUST_MST', columns: kept }],
        answer: 'keeps',
        reason: 'the review stays with legacy',
      },
    ],
  })
  expect(problemsOf(keeping(['RVW_DT', 'CHG_DT']))).toEqual([])
  expect(problemsOf(keeping(['RVW_DT', 'CRED_LMT']))).toEqual([
    'writers.0.writes: CUST_MST guards CRED_LMT: only columns that it leaves or shares are kept',
  ])
})
