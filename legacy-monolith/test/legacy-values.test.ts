import { expect, test } from '@jest/globals'
import { centsOf, decimalOf, isoDateTime, stampOf } from '../src/legacy-values.ts'

test('an instant becomes UTC digits and comes back', () => {
  const stamp = stampOf(new Date('2024-02-29T23:59:58.999Z'))
  expect(stamp).toEqual({ date: '20240229', time: '235958' })
  expect(isoDateTime(stamp.date, stamp.time)).toBe('2024-02-29T23:59:58Z')
})

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [-5, '-0.05'],
  [-12_345, '-123.45'],
  [999_999_999_999, '9999999999.99'],
])('%d cents are written as %s', (cents, decimal) => {
  expect(decimalOf(cents)).toBe(decimal)
  expect(centsOf(decimal)).toBe(cents)
})

test.each([
  ['1', 100],
  ['+1.5', 150],
  ['-0.00', 0],
  ['007.10', 710],
])('%s is read as %d cents', (decimal, cents) => {
  expect(centsOf(decimal)).toBe(cents)
})

test.each(['', ' ', '1.234', '1e3', '.5', '1.', '1,5', 'NaN', '0x10', '١', '99999999999999'])(
  '%j is no amount',
  text => {
    expect(centsOf(text)).toBeNull()
  },
)
