import { expect, test } from '@jest/globals'
import { isWritable } from '@strangler/chassis/values/violation.ts'
import fc from 'fast-check'
import { listProduct } from '../src/domain/product.ts'
import { nameProblem, skuProblem, stockProblem } from '../src/domain/product-rules.ts'

test('accepts any SKU of up to 20 capitals, digits and dashes that begins with no dash', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z0-9][A-Z0-9-]{0,19}$/), sku => {
      expect(skuProblem(sku)).toBeUndefined()
    }),
  )
})

test.each([
  ['', 'REQUIRED'],
  [' \t', 'REQUIRED'],
  ['A'.repeat(21), 'TOO_LONG'],
  ['-A', 'INVALID'],
  ['a', 'INVALID'],
  ['A ', 'INVALID'],
  ['A\n', 'INVALID'],
  ['Ä', 'INVALID'],
  ['A_B', 'INVALID'],
])('refuses the SKU %j as %s', (sku, reason) => {
  expect(skuProblem(sku)).toBe(reason)
})

test('counts the code points of a name, not its UTF-16 units', () => {
  expect(nameProblem('🦊'.repeat(80))).toBeUndefined()
  expect(nameProblem('🦊'.repeat(81))).toBe('TOO_LONG')
  expect(nameProblem(' \u00a0')).toBe('REQUIRED')
})

test.each(['\u0000', '\u0008', '\u001f', '\ufffe', '\ud800', 'x\udc00y'])(
  'refuses %j, which XML and UTF-8 have no way to write',
  text => {
    expect(nameProblem(`a${text}b`)).toBe('INVALID')
    expect(isWritable(text)).toBe(false)
  },
)

test('accepts a stock of any whole number that the column holds', () => {
  expect([-1, 0, 2_147_483_647, 2_147_483_648].map(stockProblem)).toEqual([
    'NEGATIVE',
    undefined,
    undefined,
    'INVALID',
  ])
})

test('lists a product for sale, without stock unless told', () => {
  const at = '2024-02-29T12:00:00Z'
  expect(listProduct({ sku: 'A', name: 'Cup', price: '7.50' }, at)).toEqual({
    sku: 'A',
    name: 'Cup',
    price: '7.50',
    stock: 0,
    active: true,
    updatedAt: at,
  })
})
