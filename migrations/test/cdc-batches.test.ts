import { expect, test } from '@jest/globals'
import { createAsyncQueue } from '../src/cdc/async-queue.ts'
import { batches } from '../src/cdc/batches.ts'
import type { Change, Transaction } from '../src/cdc/change.ts'

function transaction(sequence: number, changes = 1): Transaction {
  const gtid = `0-1-${sequence}`
  return { gtid, ts_ms: 0, changes: new Array<Change>(changes), complete: true, position: gtid }
}

function setUp(max = 100) {
  const leaving = new AbortController()
  const queue = createAsyncQueue<Transaction>(() => {})
  const read = batches(
    signal => {
      signal.addEventListener('abort', () => queue.end())
      return queue
    },
    () => max,
    leaving.signal,
  )
  return { queue, read, next: async () => (await read.next()).value?.map((each: Transaction) => each.gtid) }
}

test('gives what is at hand and waits for no more', async () => {
  const { queue, next } = setUp()
  queue.push(transaction(1))
  expect(await next()).toEqual(['0-1-1'])
  queue.push(transaction(2))
  queue.push(transaction(3))
  expect(await next()).toEqual(['0-1-2', '0-1-3'])
})

test('ends a batch with the transaction that fills it', async () => {
  const { queue, next } = setUp(3)
  for (let n = 1; n <= 3; n++) queue.push(transaction(n, 2))
  expect(await next()).toEqual(['0-1-1', '0-1-2'])
  expect(await next()).toEqual(['0-1-3'])
})

test('gives what came before an error, then the error', async () => {
  const { queue, next } = setUp()
  queue.push(transaction(1))
  queue.fail(new Error('lost'))
  queue.push(transaction(2))
  expect(await next()).toEqual(['0-1-1'])
  await expect(next()).rejects.toThrow('lost')
})

test('leaving ends a read that waits for what never comes', async () => {
  const { queue, read, next } = setUp()
  queue.push(transaction(1))
  await next()
  expect(await read.return(undefined)).toMatchObject({ done: true })
})
