import { expect, test } from '@jest/globals'
import type { ChangedKeys } from '../src/cdc/changed-keys.ts'
import { createUnverifiedChanges } from '../src/cutover/unverified-changes.ts'

/** A sync that has changed the given rows of CUST_MST since it was asked last. */
function fakeSync() {
  let rows: number[] = []
  return {
    change: (...ids: number[]) => rows.push(...ids),
    takeChangedKeys: (): ChangedKeys => {
      const keys = new Map([['CUST_MST', rows.map(id => ({ source: [id], target: [id] }))]])
      rows = []
      return { complete: true, since: '0-1-1', keys }
    },
  }
}

const ids = (changes: ChangedKeys) => (changes.keys.get('CUST_MST') ?? []).map(({ source }) => source[0])

test('before the first full comparison every row must be compared', () => {
  const sync = fakeSync()
  expect(createUnverifiedChanges(sync, false).take().complete).toBe(false)
  expect(createUnverifiedChanges(sync, true).take().complete).toBe(true)
})

test('after it only what changed since its beginning counts', () => {
  const sync = fakeSync()
  const unverified = createUnverifiedChanges(sync, false)
  sync.change(1, 2)
  unverified.restart()
  sync.change(3)
  const taken = unverified.take()
  expect([taken.complete, ids(taken)]).toEqual([true, [3]])
  expect(ids(unverified.take())).toEqual([])
})

test('what was not verified after all is taken again, once', () => {
  const sync = fakeSync()
  const unverified = createUnverifiedChanges(sync, true)
  sync.change(1, 2)
  const taken = unverified.take()
  unverified.giveBack(taken)
  sync.change(2, 3)
  expect(ids(unverified.take())).toEqual([1, 2, 3])
})

test('a comparison that failed is no ground to stand on', () => {
  const unverified = createUnverifiedChanges(fakeSync(), true)
  unverified.restart()
  unverified.forget()
  expect(unverified.take().complete).toBe(false)
})

test('a sync that starts anew does not take its changes with it', () => {
  const sync = fakeSync()
  const unverified = createUnverifiedChanges(sync, true)
  sync.change(1)
  unverified.keep()
  sync.takeChangedKeys()
  sync.change(2)
  expect(ids(unverified.take())).toEqual([1, 2])
})
