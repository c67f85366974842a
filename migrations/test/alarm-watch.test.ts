import { expect, test } from '@jest/globals'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { readAlarm } from '../src/operator/alarm-condition.ts'
import { createAlarmWatch } from '../src/operator/alarm-watch.ts'
import type { Plan } from '../src/plan/plan.ts'

const plan = { capability: 'customers' } as Plan

/** A proxy whose figures a test sets, and a clock of two seconds a look. */
function watched() {
  const figures = { read: 0, write: 0, failed: 0 }
  const state = { lagMs: 0, running: true, now: 0 }
  const capability = { name: 'customers', traffic: { extracted: figures } }
  const parts = {
    proxies: [{ status: async () => ({ capabilities: [capability] }) }],
    syncs: { current: () => ({ sync: { status: () => state } }) },
    clock: { elapsed: () => state.now },
  } as unknown as Pick<SwitchParts, 'proxies' | 'syncs' | 'clock'>
  const watch = createAlarmWatch(parts)
  const look = async (condition: string, requests = 0, failed = 0) => {
    state.now += 2_000
    figures.write += requests
    figures.failed += failed
    const found = await watch.breach(plan, [condition], new AbortController().signal)
    return found.map(({ message }) => message)
  }
  return { figures, state, look }
}

test.each([
  ['error-rate>1%', { figure: 'error-rate', above: 0.01 }],
  ['error-rate > 0.05', { figure: 'error-rate', above: 0.05 }],
  ['lag>5000ms', { figure: 'lag', above: 5_000 }],
  ['lag > 800', { figure: 'lag', above: 800 }],
  ['error-rate>5', undefined],
  ['error-rate>100%', undefined],
  ['lag>1%', undefined],
  ['error-rate<1%', undefined],
  ['weather>1', undefined],
])('%s is read as %p', (text, expected) => {
  expect(readAlarm(text)).toEqual(expected)
})

test('an error rate counts within ten seconds, from twenty requests on', async () => {
  const { look } = watched()
  expect(await look('error-rate>5%', 1_000, 900)).toEqual([])
  expect(await look('error-rate>5%', 10, 10)).toEqual([])
  expect(await look('error-rate>5%', 30, 0)).toEqual([
    '10 of 40 requests of customers failed within 4 s: 25 % > 5 %',
  ])
  // Six looks later those are forgotten.
  for (let nth = 0; nth < 6; nth++) await look('error-rate>5%', 40)
  expect(await look('error-rate>5%', 40, 1)).toEqual([])
})

test('a proxy that starts again and counts from 0 raises nothing', async () => {
  const { figures, look } = watched()
  await look('error-rate>5%', 500, 0)
  Object.assign(figures, { read: 0, write: 30, failed: 2 })
  expect(await look('error-rate>5%')).toEqual([])
})

test('a lag raises the alarm when it lasts for three looks', async () => {
  const { state, look } = watched()
  state.lagMs = 9_000
  expect([await look('lag>5000ms'), await look('lag>5000ms')]).toEqual([[], []])
  expect(await look('lag>5000ms')).toEqual(['lag 9000 ms > 5000 ms'])
  state.lagMs = 10
  expect(await look('lag>5000ms')).toEqual([])
})
