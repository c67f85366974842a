import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseAmount } from '../src/domain/amount.ts'

const cents = fc.bigInt({ min: 0n, max: 999_999_999_999n })

function textOf(value: bigint): string {
  const digits = value.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

test('takes any amount of whole cents as it is written, however it is written', () => {
  fc.assert(
    fc.property(cents, fc.nat(4), fc.boolean(), (value, zeros, short) => {
      const exact = textOf(value)
      const written = '0'.repeat(zeros) + (short ? exact.replace(/\.?0{1,2}$/, '') || '0' : exact)
      expect(parseAmount(written)).toEqual({ amount: exact })
    }),
  )
})

test('takes a JSON number for the decimal that the caller wrote', () => {
  fc.assert(
    fc.property(cents, value => {
      const exact = textOf(value)
      expect(parseAmount(JSON.parse(exact.replace(/^0+(?=\d)/, '')) as number)).toEqual({ amount: exact })
    }),
  )
})

test('calls every amount below zero negative', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 999_999_999_999n }), value => {
      expect(parseAmount(`-${textOf(value)}`)).toEqual({ problem: 'NEGATIVE' })
    }),
  )
})

test('refuses a third fraction digit, even a zero', () => {
  fc.assert(
    fc.property(cents, fc.nat(9), (value, digit) => {
      expect(parseAmount(`${textOf(value)}${digit}`)).toEqual({ problem: 'INVALID' })
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
  '10000000000',
  '10000000000.00',
  'NaN',
])('refuses %j', text => {
  expect(parseAmount(text)).toEqual({ problem: 'INVALID' })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1e-7, 0.1 + 0.2, 1e10])(
  'refuses the number %d',
  number => {
    expect(parseAmount(number)).toEqual({ problem: 'INVALID' })
  },
)

test('has no negative zero', () => {
  expect(parseAmount('-0.00')).toEqual({ amount: '0.00' })
  expect(parseAmount(-0)).toEqual({ amount: '0.00' })
})
