import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { closestName, editDistance } from '../src/closest-name.ts'

test.each([
  ['kitten', 'sitting', 3],
  ['snapshot', 'snaphsot', 1],
  ['', 'abc', 3],
  ['same', 'same', 0],
])('counts the edits from %s to %s', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance)
})

test('counts alike in both directions, and never more than the longer name has letters', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (from, to) => {
      const distance = editDistance(from, to)
      expect(distance).toBe(editDistance(to, from))
      expect(distance).toBeLessThanOrEqual(Math.max(from.length, to.length))
      expect(distance === 0).toBe(from === to)
    }),
  )
})

test('gives up as soon as the limit is certain', () => {
  expect(editDistance('aaaaaaaa', 'bbbbbbbb', 3)).toBe(3)
})

test('proposes nothing for a name that resembles none', () => {
  expect(closestName('owner', ['table.include.list', 'poll.interval.ms'])).toBeUndefined()
  expect(closestName('poll.intervall.ms', ['table.include.list', 'poll.interval.ms'])).toBe(
    'poll.interval.ms',
  )
})
