import { expect, test } from '@jest/globals'
import { createLagGauge } from '../src/cdc/lag.ts'

function clockAt(start: number) {
  const clock = { time: start, now: () => clock.time, elapsed: () => clock.time, sleep: async () => {} }
  return clock
}

test('is the age of the newest heartbeat that came through, when it came through', () => {
  const clock = clockAt(10_000)
  const gauge = createLagGauge(clock)
  clock.time = 10_007
  gauge.heartbeatApplied(10_004)
  expect(gauge.lagMs()).toBe(3)
  clock.time = 10_900
  expect(gauge.lagMs()).toBe(3)
})

test('grows while no heartbeat comes through, from the start on', () => {
  const clock = clockAt(0)
  const gauge = createLagGauge(clock)
  clock.time = 700
  expect(gauge.lagMs()).toBe(700)
  gauge.heartbeatApplied(690)
  clock.time = 690 + 1_000 + 4_000
  expect(gauge.lagMs()).toBe(4_000)
})

test('tells of a backlog by the old heartbeats in it', () => {
  const clock = clockAt(60_000)
  const gauge = createLagGauge(clock)
  gauge.heartbeatApplied(15_000)
  expect(gauge.lagMs()).toBe(45_000)
  gauge.heartbeatApplied(59_990)
  expect(gauge.lagMs()).toBe(10)
})
