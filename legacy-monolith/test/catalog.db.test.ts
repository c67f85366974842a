import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop

beforeAll(async () => {
  shop = await startTestShop({ now: () => new Date('2024-03-01T00:00:00Z') })
})
afterAll(() => shop.close())

test('a created product is found by SKU and its price and stock change', async () => {
  const created = await shop.call('CreateProduct', {
    sku: 'CUP-1',
    name: 'Cup <"A">',
    price: '7.5',
    stock: 3,
  })
  expect(created.product).toEqual({
    sku: 'CUP-1',
    name: 'Cup <"A">',
    price: '7.50',
    stock: '3',
    active: 'true',
    changedAt: '2024-03-01T00:00:00Z',
  })
  expect(await shop.call('GetProduct', { sku: 'CUP-1' })).toEqual(created)
  expect((await shop.call('ChangePrice', { sku: 'CUP-1', price: '8' })).product.price).toBe('8.00')
  expect((await shop.call('AdjustStock', { sku: 'CUP-1', delta: -3 })).product.stock).toBe('0')
  const fault = await shop.fault('AdjustStock', { sku: 'CUP-1', delta: -1 })
  expect(fault.detail?.ValidationFault?.violation).toEqual([{ field: 'delta', reason: 'NEGATIVE' }])
})

test('a product with wrong fields, or a SKU that is taken, is refused', async () => {
  const wrong = await shop.fault('CreateProduct', { sku: 'a b', name: '', price: '1.234', stock: -1 })
  expect(wrong.detail?.ValidationFault?.violation).toEqual([
    { field: 'sku', reason: 'INVALID' },
    { field: 'name', reason: 'REQUIRED' },
    { field: 'price', reason: 'INVALID' },
    { field: 'stock', reason: 'NEGATIVE' },
  ])
  await shop.call('CreateProduct', { sku: 'TAKEN', name: 'x', price: '1' })
  const taken = await shop.fault('CreateProduct', { sku: 'TAKEN', name: 'x', price: '1' })
  expect(taken.detail?.ValidationFault?.violation).toEqual([{ field: 'sku', reason: 'INVALID' }])
})

test.each([
  ['GetProduct', {}],
  ['ChangePrice', { price: '1' }],
  ['AdjustStock', { delta: 1 }],
])('%s of a product that does not exist is a typed fault', async (operation, args) => {
  for (const sku of ['NONE', '없음']) {
    const fault = await shop.fault(operation, { sku, ...args })
    expect(fault).toMatchObject({ code: 'soap:Client', detail: { ProductNotFound: { sku } } })
  }
})

test('products are listed in pages: none, one, many', async () => {
  for (const sku of ['Z-1', 'Z-2', 'Z-3']) await shop.call('CreateProduct', { sku, name: sku, price: '1' })
  await shop.query("UPDATE PRD_MST SET ACT_FLG = 'N' WHERE SKU = 'Z-2'")
  const list = async (args: object) =>
    (await shop.list('ListProducts', args, 'product')).map(({ sku }) => sku)
  expect(await list({ afterSku: 'Z-3' })).toEqual([])
  expect(await list({ afterSku: 'Z-2' })).toEqual(['Z-3'])
  expect(await list({ afterSku: 'Z-0' })).toEqual(['Z-1', 'Z-2', 'Z-3'])
  expect(await list({ afterSku: 'Z-0', activeOnly: true })).toEqual(['Z-1', 'Z-3'])
  expect(await list({ afterSku: 'Z-0', maxRows: 1 })).toEqual(['Z-1'])
  expect(shop.reported).toEqual([])
})
