import { expect, test } from '@jest/globals'
import { plan } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { runPlan, stepsUpTo } from '../src/plan/run-plan.ts'
import type { Step } from '../src/steps/step.ts'
import { stepsOf } from '../src/steps/steps-of.ts'
import { memoryJournal, planned, testOrder } from './cutover-kit.ts'

type Fake = { step: Step; calls: string[]; effect: { there: boolean } }

function fakeStep(name: string, changes: Partial<Step> = {}): Fake {
  const calls: string[] = []
  const effect = { there: false }
  const step: Step = {
    name,
    kind: 'stage',
    description: name,
    reaches: undefined,
    resumable: false,
    done: async () => effect.there,
    validate: async () => [],
    apply: async () => {
      calls.push('apply')
      effect.there = true
    },
    verify: async () => [],
    revert: async () => {
      calls.push('revert')
      effect.there = false
    },
    ...changes,
  }
  return { step, calls, effect }
}

function parts(): { parts: SwitchParts; journal: ReturnType<typeof memoryJournal> } {
  const journal = memoryJournal()
  journal.state.phase = 'syncing'
  journal.state.run = null
  const syncs = { current: () => undefined, ensure: async () => undefined }
  return { parts: { ...journal.parts, syncs, proxies: [] } as unknown as SwitchParts, journal }
}

const run = (steps: readonly Step[], order = testOrder(), wired = parts()) =>
  runPlan(wired.parts, plan, steps, 'extracted', order)

test('what is done is passed by; the same run twice does nothing', async () => {
  const fakes = [fakeStep('one'), fakeStep('two')]
  const steps = fakes.map(({ step }) => step)
  const first = await run(steps)
  const second = await run(steps)
  expect(first.steps.map(({ state }) => state)).toEqual(['done', 'done'])
  expect(second.steps.map(({ state }) => state)).toEqual(['was done', 'was done'])
  expect(fakes.map(({ calls }) => calls)).toEqual([['apply'], ['apply']])
})

test('a step that may not run stops the run with its reasons, and nothing after it is tried', async () => {
  const refusal = { code: 'LAG_TOO_HIGH', message: 'lag 4200 ms > 500 ms', details: { lagMs: 4_200 } }
  const gate = fakeStep('gate', { validate: async () => [refusal] })
  const after = fakeStep('after')
  const report = await run([gate.step, after.step])
  expect(report.refusals).toEqual([refusal])
  expect(report.steps.map(({ state }) => state)).toEqual(['refused'])
  expect([gate.calls, after.calls]).toEqual([[], []])
})

test('a step that fails is reverted, unless the next run goes on where it stopped', async () => {
  const failing = {
    apply: async () => {
      throw planned('apply')
    },
  }
  const stage = fakeStep('stage', failing)
  const copy = fakeStep('copy', { ...failing, resumable: true })
  await expect(run([stage.step])).rejects.toMatchObject({ code: 'PLANNED' })
  await expect(run([copy.step])).rejects.toMatchObject({ code: 'PLANNED' })
  expect([stage.calls, copy.calls]).toEqual([['revert'], []])
})

test('a step whose effect is not there afterwards is reverted and refused', async () => {
  const refusal = { code: 'STAGE_NOT_SERVED', message: 'not served', details: {} }
  const stage = fakeStep('stage', { verify: async () => [refusal] })
  const report = await run([stage.step])
  expect(report.refusals).toEqual([refusal])
  expect(stage.calls).toEqual(['apply', 'revert'])
})

test('each step is journaled before and after, and when it failed', async () => {
  const wired = parts()
  await run([fakeStep('one').step], testOrder(), wired)
  const broken = fakeStep('two', {
    apply: async () => {
      throw planned('apply')
    },
  })
  await run([broken.step], testOrder(), wired).catch(() => {})
  expect(wired.journal.entries.map(({ verb, moment }) => `${verb} ${moment}`)).toEqual([
    'one before',
    'one after',
    'two before',
    'two failed',
  ])
})

test.each([
  ['legacy', 'writers'],
  ['shadow', 'shadow'],
  ['canary', 'canary 10 %'],
  ['extracted', 'cutover'],
] as const)('a run to %s ends with the step %s', (to, last) => {
  expect(stepsUpTo(stepsOf(plan), to).at(-1)!.name).toBe(last)
})
