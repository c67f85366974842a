import { expect, test } from '@jest/globals'
import {
  advance,
  covers,
  formatPosition,
  mergeEarlier,
  mergeLater,
  parseGtid,
  parsePosition,
  transactionsBehind,
} from '../src/cdc/gtid-position.ts'

const position = parsePosition

test('reads and writes positions, domains in order', () => {
  expect(formatPosition(position('7-3-9, 0-1-42'))).toBe('0-1-42,7-3-9')
  expect(formatPosition(position(''))).toBe('')
})

test.each(['0-1', 'a-b-c', '0-1-2-3', '0-1-0x10', '-1-1-1', '0-1-2,0-2-3'])('refuses %s', text => {
  expect(() => position(text)).toThrow(expect.objectContaining({ code: 'POSITION_INVALID' }))
})

test('compares sequences as numbers, beyond 2^53 too, and each domain by itself', () => {
  expect(covers(position('0-1-10'), position('0-1-9'))).toBe(true)
  expect(covers(position('0-1-9'), position('0-1-10'))).toBe(false)
  expect(covers(position('0-1-9007199254740993'), position('0-1-9007199254740994'))).toBe(false)
  expect(covers(position('0-1-5'), position('0-1-5,7-1-1'))).toBe(false)
  expect(covers(position('0-1-5,7-1-1'), position('0-2-5'))).toBe(true)
  expect(covers(position(''), position(''))).toBe(true)
})

test('advances and never goes back', () => {
  const later = advance(position('0-1-5'), parseGtid('0-2-6'))
  expect(formatPosition(later)).toBe('0-2-6')
  expect(advance(later, parseGtid('0-1-3'))).toBe(later)
})

test('merges to the later and to the earlier', () => {
  const a = position('0-1-5,1-1-9')
  const b = position('0-1-7,1-1-2,2-1-1')
  expect(formatPosition(mergeLater(a, b))).toBe('0-1-7,1-1-9,2-1-1')
  expect(formatPosition(mergeEarlier(a, b))).toBe('0-1-5,1-1-2')
})

test('counts the transactions behind, without the appliers’ own', () => {
  expect(transactionsBehind(position('0-1-5'), position('0-1-9,4242-1-100,3-1-2'), new Set([4242]))).toBe(6)
  expect(transactionsBehind(position('0-1-9'), position('0-1-5'), new Set())).toBe(0)
})
