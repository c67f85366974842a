import { expect, test } from '@jest/globals'
import { createThrottle } from '../src/cdc/throttle.ts'

function throttle(loads: readonly number[], signal = new AbortController().signal) {
  const left = [...loads]
  const told: number[] = []
  let slept = 0
  const room = createThrottle({
    readLoad: async () => left.shift() ?? 0,
    maxLoad: 25,
    clock: {
      sleep: async (_ms, aborted) => {
        aborted?.throwIfAborted()
        slept++
      },
    },
    signal,
    onWait: load => told.push(load),
  })
  return { room, told, slept: () => slept }
}

test('lets work go on at once while there is room', async () => {
  const { room, told, slept } = throttle([0, 25])
  await room()
  await room()
  expect([told, slept()]).toEqual([[], 0])
})

test('waits until the load is down again, and says so once', async () => {
  const { room, told, slept } = throttle([40, 31, 26, 25])
  await room()
  expect([told, slept()]).toEqual([[40], 3])
})

test('a copy that is told to end does not go on waiting', async () => {
  const ended = AbortSignal.abort(new Error('enough'))
  await expect(throttle([99, 99, 99], ended).room()).rejects.toThrow('enough')
})
