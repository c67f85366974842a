import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createCallGuard } from '../src/transport/call-guard.ts'
import { type CallLimits, defaultCallLimits } from '../src/transport/call-limits.ts'

const guardWith = (limits: Partial<CallLimits>) =>
  createCallGuard('GetStock', { ...defaultCallLimits, ...limits })

function failing(times: number, code: string, details: Record<string, unknown> = {}) {
  let calls = 0
  return {
    calls: () => calls,
    async call() {
      calls += 1
      if (calls <= times) throw new ToolkitError(code, 'no', { details })
      return calls
    },
  }
}

test.each([
  ['UPSTREAM_UNREACHABLE', {}, 3],
  ['UPSTREAM_CLOSED', {}, 3],
  ['UPSTREAM_REPLY_NOT_SOAP', { status: 503 }, 3],
  ['UPSTREAM_REPLY_NOT_SOAP', { status: 200 }, 1],
  ['UPSTREAM_REPLY_INVALID', { status: 500 }, 1],
  ['UPSTREAM_TIMEOUT', {}, 1],
  ['VALUE_REFUSED', {}, 1],
])('repeats a read after %s %j: %d calls in all', async (code, details, calls) => {
  const upstream = failing(9, code, details)
  await expect(guardWith({ attempts: 3 }).repeatedly(upstream.call, 5_000)).rejects.toMatchObject({ code })
  expect(upstream.calls()).toBe(calls)
})

test('takes the first answer there is', async () => {
  const upstream = failing(1, 'UPSTREAM_CLOSED')
  expect(await guardWith({}).repeatedly(upstream.call, 5_000)).toBe(2)
})

test('does once what is not declared to read', async () => {
  const upstream = failing(1, 'UPSTREAM_UNREACHABLE')
  await expect(guardWith({}).once(upstream.call, 5_000)).rejects.toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
  })
  expect(upstream.calls()).toBe(1)
})

test('lets so many calls run and so many wait, and refuses the rest at once', async () => {
  const guard = guardWith({ concurrent: 2, queued: 1 })
  const gate = Promise.withResolvers<string>()
  const calls = [1, 2, 3].map(() => guard.once(() => gate.promise, 5_000))
  await expect(guard.once(() => gate.promise, 5_000)).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
  gate.resolve('done')
  expect(await Promise.all(calls)).toEqual(['done', 'done', 'done'])
})

test('does not send what waited until its time was over', async () => {
  const guard = guardWith({ concurrent: 1, queued: 1 })
  const gate = Promise.withResolvers<void>()
  const first = guard.once(() => gate.promise, 5_000)
  let sent = false
  const second = guard.once(async () => {
    sent = true
  }, 1)
  await delay(5)
  gate.resolve()
  await first
  await expect(second).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
  expect(sent).toBe(false)
})

test('rests after failures in a row, and tries again by itself', async () => {
  const guard = guardWith({ failures: 3, openMs: 20 })
  const upstream = failing(3, 'UPSTREAM_UNREACHABLE')
  for (let count = 0; count < 3; count += 1)
    await expect(guard.once(upstream.call, 5_000)).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
  await expect(guard.once(upstream.call, 5_000)).rejects.toMatchObject({ code: 'UPSTREAM_OPEN' })
  expect(upstream.calls()).toBe(3)
  const until = performance.now() + 5_000
  let answer: number | undefined
  while (answer === undefined && performance.now() < until) {
    await delay(5)
    answer = await guard.once(upstream.call, 5_000).catch(() => undefined)
  }
  expect(answer).toBe(4)
})

test('does not count what the caller did wrong', async () => {
  const guard = guardWith({ failures: 1 })
  const wrong = failing(5, 'VALUE_REFUSED')
  for (let count = 0; count < 3; count += 1)
    await expect(guard.once(wrong.call, 5_000)).rejects.toMatchObject({ code: 'VALUE_REFUSED' })
})
