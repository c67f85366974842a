import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parsePrice } from '../src/domain/price.ts'

const cents = fc.nat(99_999_999)

function textOf(value: number): string {
  const digits = String(value).padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

test('takes any price of whole cents as it is written, however it is written', () => {
  fc.assert(
    fc.property(cents, fc.nat(4), fc.boolean(), (value, zeros, short) => {
      const exact = textOf(value)
      const written = '0'.repeat(zeros) + (short ? exact.replace(/\.?0{1,2}$/, '') || '0' : exact)
      expect(parsePrice(written)).toEqual({ amount: exact })
    }),
  )
})

test('takes a JSON number for the decimal that the caller wrote', () => {
  fc.assert(
    fc.property(cents, value => {
      expect(parsePrice(JSON.parse(textOf(value)) as number)).toEqual({ amount: textOf(value) })
    }),
  )
})

test('calls every price below zero negative', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), value => {
      expect(parsePrice(`-${textOf(value)}`)).toEqual({ problem: 'NEGATIVE' })
    }),
  )
})

test('refuses a third fraction digit, even a zero', () => {
  fc.assert(
    fc.property(cents, fc.nat(9), (value, digit) => {
      expect(parsePrice(`${textOf(value)}${digit}`)).toEqual({ problem: 'INVALID' })
    }),
  )
})

test.each([
  '',
  ' ',
  '1 ',
  '+1',
  '.5',
  '5.',
  '1e3',
  '0x10',
  '1,5',
  '१',
  '1\n',
  '1000000',
  '1000000.00',
  '0'.repeat(14),
])('refuses %j', text => {
  expect(parsePrice(text)).toEqual({ problem: 'INVALID' })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1e-7, 0.1 + 0.2, 1e6])(
  'refuses the number %d',
  number => {
    expect(parsePrice(number)).toEqual({ problem: 'INVALID' })
  },
)

test('has no negative zero', () => {
  expect(parsePrice('-0.00')).toEqual({ amount: '0.00' })
  expect(parsePrice(-0)).toEqual({ amount: '0.00' })
})
