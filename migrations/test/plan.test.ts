import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { plan as catalog } from '../plans/catalog.ts'
import { plan } from '../plans/customers.ts'
import { loadPlans } from '../src/plan/load-plans.ts'
import { stepName } from '../src/plan/plan.ts'
import { validatePlan } from '../src/plan/validate-plan.ts'

function problemsOf(value: unknown): { path: string; message: string }[] {
  try {
    validatePlan(value, 'plan.ts')
  } catch (error) {
    return (error as ToolkitError).details.problems as { path: string; message: string }[]
  }
  return []
}

test('loads every plan of the folder', async () => {
  const plans = await loadPlans(join(import.meta.dirname, '..', 'plans'))
  expect(plans.get('customers')?.steps.map(stepName)).toEqual([
    'backfill',
    'sync',
    'verify',
    'writers',
    'shadow',
    'compare-gate',
    'canary 10 %',
    'canary 50 %',
    'drill',
    'cutover',
  ])
})

test('names every problem of a plan with its path, at once', () => {
  const paths = problemsOf({
    ...plan,
    capability: 'Customers!',
    gates: { ...plan.gates, maxLagMs: '500' },
    steps: [...plan.steps, { kind: 'guess' }],
    extra: true,
  }).map(({ path }) => path)
  expect(paths.sort()).toEqual(['', 'capability', 'gates.maxLagMs', 'steps.10.kind'])
})

test('refuses a table whose key is not among its columns, and one that stands twice', () => {
  const [first] = plan.tables
  const keyless = { ...first!, legacy: { ...first!.legacy, key: ['NO_SUCH'] } }
  expect(problemsOf({ ...plan, tables: [keyless, keyless], writers: [] })).toEqual([
    { path: 'tables.0.legacy.key', message: 'NO_SUCH is not among the columns' },
    { path: 'tables.1.legacy.key', message: 'NO_SUCH is not among the columns' },
    expect.objectContaining({ path: 'tables.1.legacy.columns' }),
    expect.objectContaining({ path: 'tables.1.extracted.columns' }),
  ])
})

test('lets a table stand twice with other columns, and wants one mapping that brings its rows', () => {
  const [products, births] = catalog.tables
  expect(problemsOf(catalog)).toEqual([])
  const own = { ...births!, legacy: { ...births!.legacy, rows: 'own' as const } }
  expect(problemsOf({ ...catalog, tables: [products!, own] })).toEqual([
    {
      path: 'tables.1.legacy.rows',
      message: 'two mappings bring rows of PRD_MST: all but one are foreign',
    },
  ])
  const left = { ...products!, legacy: { ...products!.legacy, leaves: ['PRC'], shared: ['SKU'] } }
  expect(problemsOf({ ...catalog, tables: [left] }).map(({ path }) => path)).toEqual([
    'tables.0.legacy.leaves',
    'tables.0.legacy.shared',
  ])
})

test('refuses an order of steps that would cut over unproven data', () => {
  expect(
    problemsOf({ ...plan, steps: [{ kind: 'backfill' }, { kind: 'sync' }, { kind: 'cutover' }] }),
  ).toEqual([
    { path: 'steps.2', message: 'cutover needs a step verify before it' },
    { path: 'steps.2', message: 'cutover needs a step writers before it' },
    { path: 'steps.2', message: 'cutover needs a step drill before it' },
  ])
})

test('refuses an answer for a table that is none of the plan', () => {
  const writes = [{ table: 'ORD_HDR' }]
  const writers = [{ account: 'batch', writes, answer: 'fenced', reason: 'as agreed' }]
  expect(problemsOf({ ...plan, writers })).toEqual([
    { path: 'writers.0.writes', message: 'ORD_HDR is no legacy table of the plan' },
  ])
})

test('refuses a cohort that shrinks', () => {
  const steps = [
    { kind: 'backfill' },
    { kind: 'sync' },
    { kind: 'stage', stage: 'canary', percent: 50 },
    { kind: 'stage', stage: 'canary', percent: 10 },
  ]
  expect(problemsOf({ ...plan, steps })).toEqual([
    { path: 'steps.3', message: 'canary 10 % comes after canary 50 %: the cohort only grows' },
  ])
})
