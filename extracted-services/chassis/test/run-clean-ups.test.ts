import { expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { Pool } from 'mysql2/promise'
import { idempotencyCleanUp, inboxCleanUp, messageLogCleanUp } from '../src/clean-up/chassis-clean-ups.ts'
import { type CleanUp, runCleanUps } from '../src/clean-up/run-clean-ups.ts'

const day = 24 * 3_600_000
const log = createLog('clean-up', 'silent')
const pool = {} as Pool

test('removes what is older than its time every hour, and goes on when one of them fails', async () => {
  const asked: [string, number][] = []
  const stop = new AbortController()
  const pauses: number[] = []
  const clock = {
    ...systemClock,
    now: () => 10 * day,
    sleep: async (ms: number) => {
      pauses.push(ms)
      if (pauses.length === 2) stop.abort()
    },
  }
  const cleanUp = (name: string, keepMs: number, fails = false): CleanUp => ({
    name,
    keepMs,
    remove: async (_pool, before) => {
      asked.push([name, before])
      if (fails) throw new Error('no')
      return 1
    },
  })
  await runCleanUps([cleanUp('a', day, true), cleanUp('b', 2 * day)], { pool, clock, log }, stop.signal)
  expect(asked).toEqual([
    ['a', 9 * day],
    ['b', 8 * day],
    ['a', 9 * day],
    ['b', 8 * day],
  ])
  expect(pauses).toEqual([3_600_000, 3_600_000])
})

test('remembers processed messages for 7 days, longer than the log keeps any', () => {
  expect(inboxCleanUp.keepMs).toBe(7 * day)
  expect(messageLogCleanUp.keepMs).toBeLessThan(inboxCleanUp.keepMs)
  expect(idempotencyCleanUp.keepMs).toBe(7 * day)
})
