import { expect, test } from '@jest/globals'
import {
  creditLimitReason,
  emailReason,
  nameReason,
  noteTextReason,
  phoneReason,
  violationsOf,
} from '../src/operations/field-rules.ts'

test('a length is counted in code points, as the column counts it', () => {
  expect(nameReason('🎉'.repeat(80))).toBeUndefined()
  expect(nameReason('🎉'.repeat(81))).toBe('TOO_LONG')
  expect(noteTextReason('🎉'.repeat(500))).toBeUndefined()
  expect(noteTextReason('x'.repeat(501))).toBe('TOO_LONG')
})

test.each([undefined, '', ' \t\n'])('the name %j is missing', name => {
  expect(nameReason(name)).toBe('REQUIRED')
})

test('an address needs one @ between two parts, and nil or absent is none', () => {
  expect(emailReason('a@b')).toBeUndefined()
  expect(emailReason(null)).toBeUndefined()
  expect(emailReason(undefined)).toBeUndefined()
  for (const wrong of ['', 'a', '@b', 'a@', 'a@b@c', 'a b@c']) expect(emailReason(wrong)).toBe('INVALID')
  expect(emailReason(`${'x'.repeat(119)}@b`)).toBe('TOO_LONG')
})

test('a phone number is any text of up to 30 characters', () => {
  expect(phoneReason('0'.repeat(30))).toBeUndefined()
  expect(phoneReason('0'.repeat(31))).toBe('TOO_LONG')
  expect(phoneReason(null)).toBeUndefined()
})

test('a credit limit is between 0 and 9999999999.99 with at most two fraction digits', () => {
  expect(creditLimitReason('0')).toBeUndefined()
  expect(creditLimitReason('9999999999.99')).toBeUndefined()
  expect(creditLimitReason('10000000000')).toBe('INVALID')
  expect(creditLimitReason('1.234')).toBe('INVALID')
  expect(creditLimitReason('abc')).toBe('INVALID')
  expect(creditLimitReason('-0.01')).toBe('NEGATIVE')
  expect(creditLimitReason(undefined)).toBe('REQUIRED')
})

test('violations keep the order of the fields', () => {
  expect(violationsOf({ name: 'REQUIRED', email: undefined, phone: 'TOO_LONG' })).toEqual([
    { field: 'name', reason: 'REQUIRED' },
    { field: 'phone', reason: 'TOO_LONG' },
  ])
})
