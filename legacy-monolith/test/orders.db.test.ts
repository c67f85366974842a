import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop
let custNo: number

beforeAll(async () => {
  shop = await startTestShop({ now: () => new Date('2024-03-01T10:20:30Z') })
})
afterAll(() => shop.close())

beforeEach(async () => {
  for (const table of ['ORD_LINE', 'ORD_HDR', 'PRD_MST']) await shop.query(`DELETE FROM ${table}`)
  await shop.call('CreateProduct', { sku: 'CUP', name: 'Cup', price: '7.50', stock: 10 })
  await shop.call('CreateProduct', { sku: 'POT', name: 'Pot', price: '20', stock: 2 })
  custNo = Number((await shop.call('CreateCustomer', { name: 'Buyer', creditLimit: '100' })).customer.custNo)
})

const place = (line: object[], buyer = custNo) => shop.call('PlaceOrder', { custNo: buyer, line })
const refused = (line: object[], buyer = custNo) => shop.fault('PlaceOrder', { custNo: buyer, line })
const stockOf = async (sku: string) => Number((await shop.call('GetProduct', { sku })).product.stock)
const orderCount = async () => Number((await shop.query('SELECT COUNT(*) n FROM ORD_HDR'))[0]?.n)

test('an order takes the stock, keeps the price and is found by number', async () => {
  const placed = await place([
    { sku: 'POT', quantity: 1 },
    { sku: 'CUP', quantity: 3 },
  ])
  expect(placed.order).toEqual({
    orderNo: expect.stringMatching(/^\d+$/),
    custNo: String(custNo),
    statusCode: 'O',
    total: '42.50',
    placedAt: '2024-03-01T10:20:30Z',
    changedAt: '2024-03-01T10:20:30Z',
    line: [
      { lineNo: '1', sku: 'POT', quantity: '1', unitPrice: '20.00', lineTotal: '20.00' },
      { lineNo: '2', sku: 'CUP', quantity: '3', unitPrice: '7.50', lineTotal: '22.50' },
    ],
  })
  await shop.call('ChangePrice', { sku: 'CUP', price: '9' })
  expect(await shop.call('GetOrder', { orderNo: placed.order.orderNo })).toEqual(placed)
  expect(await stockOf('CUP')).toBe(7)
})

test('an order beyond the credit limit is refused with the figures and changes nothing', async () => {
  await place([{ sku: 'CUP', quantity: 9 }])
  const fault = await refused([{ sku: 'POT', quantity: 2 }])
  expect(fault).toMatchObject({
    code: 'soap:Client',
    status: 500,
    detail: {
      CreditExceeded: { custNo: String(custNo), limit: '100.00', open: '67.50', requested: '40.00' },
    },
  })
  expect(await stockOf('POT')).toBe(2)
  expect(await orderCount()).toBe(1)
})

test('an order beyond the stock is refused, also when two lines together exceed it', async () => {
  const fault = await refused([
    { sku: 'CUP', quantity: 1 },
    { sku: 'POT', quantity: 1 },
    { sku: 'POT', quantity: 2 },
  ])
  expect(fault.detail?.OutOfStock).toEqual({ sku: 'POT', available: '2', requested: '3' })
  expect(await stockOf('CUP')).toBe(10)
  expect(await orderCount()).toBe(0)
})

test('an order of nobody is a typed fault, one of a suspended customer a violation', async () => {
  const nobody = await refused([{ sku: 'CUP', quantity: 1 }], 2_000_000_000)
  expect(nobody.detail).toMatchObject({ CustomerNotFound: { custNo: '2000000000' } })
  await shop.call('SetCustomerStatus', { custNo, statusCode: 'S' })
  const suspended = await refused([{ sku: 'CUP', quantity: 1 }])
  expect(suspended.detail?.ValidationFault?.violation).toEqual([{ field: 'custNo', reason: 'INVALID' }])
})

test('every wrong line is named at once', async () => {
  const violations = async (line: object[]) => (await refused(line)).detail?.ValidationFault?.violation
  expect(await violations([])).toEqual([{ field: 'line', reason: 'REQUIRED' }])
  expect(await violations([{ sku: 'CUP', quantity: -1 }, { quantity: 0 }])).toEqual([
    { field: 'line[1].quantity', reason: 'NEGATIVE' },
    { field: 'line[2].sku', reason: 'REQUIRED' },
    { field: 'line[2].quantity', reason: 'INVALID' },
  ])
  await shop.query("UPDATE PRD_MST SET ACT_FLG = 'N' WHERE SKU = 'POT'")
  expect(
    await violations([
      { sku: 'NONE', quantity: 1 },
      { sku: 'CUP ', quantity: 1 },
      { sku: 'POT', quantity: 1 },
    ]),
  ).toEqual([
    { field: 'line[1].sku', reason: 'INVALID' },
    { field: 'line[2].sku', reason: 'INVALID' },
    { field: 'line[3].sku', reason: 'INVALID' },
  ])
  expect(await violations(Array.from({ length: 101 }, () => ({ sku: 'CUP', quantity: 1 })))).toMatchObject([
    { field: 'line', reason: 'TOO_LONG' },
  ])
})

test('a cancelled order puts the stock back and frees the credit, once', async () => {
  const { order } = await place([{ sku: 'CUP', quantity: 10 }])
  expect((await shop.call('CancelOrder', { orderNo: order.orderNo })).order.statusCode).toBe('X')
  expect(await stockOf('CUP')).toBe(10)
  const again = await shop.fault('CancelOrder', { orderNo: order.orderNo })
  expect(again.detail?.ValidationFault?.violation).toEqual([{ field: 'orderNo', reason: 'INVALID' }])
  expect(await stockOf('CUP')).toBe(10)
  await place([{ sku: 'CUP', quantity: 10 }])
})

test('orders are listed by customer and status: none, one, many', async () => {
  const list = (args: object) => shop.list('ListOrders', { custNo, ...args }, 'order')
  expect(await list({})).toEqual([])
  const { order: first } = await place([{ sku: 'CUP', quantity: 1 }])
  expect(await list({})).toEqual([first])
  const { order: second } = await place([
    { sku: 'CUP', quantity: 1 },
    { sku: 'POT', quantity: 1 },
  ])
  await shop.call('CancelOrder', { orderNo: first.orderNo })
  expect((await list({})).map(order => order.line.length)).toEqual([1, 2])
  expect(await list({ statusCode: 'O' })).toEqual([second])
  expect(await list({ afterNo: first.orderNo })).toEqual([second])
  expect(await list({ maxRows: 1 })).toMatchObject([{ orderNo: first.orderNo }])
})

test.each(['GetOrder', 'CancelOrder'])(
  '%s of an order that does not exist is a typed fault',
  async operation => {
    const fault = await shop.fault(operation, { orderNo: 2_000_000_000 })
    expect(fault.detail).toMatchObject({ OrderNotFound: { orderNo: '2000000000' } })
  },
)

test('orders placed at once never sell more than there is', async () => {
  const buyers = [custNo]
  while (buyers.length < 15)
    buyers.push(
      Number((await shop.call('CreateCustomer', { name: 'Buyer', creditLimit: '1000' })).customer.custNo),
    )
  const lines = [
    { sku: 'CUP', quantity: 1 },
    { sku: 'POT', quantity: 1 },
  ]
  await shop.call('AdjustStock', { sku: 'POT', delta: 5 })
  const outcomes = await Promise.allSettled(
    buyers.map((buyer, n) => place(n % 2 === 0 ? lines : [...lines].reverse(), buyer)),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
  expect(await stockOf('POT')).toBe(0)
  expect(await stockOf('CUP')).toBe(3)
  expect(await orderCount()).toBe(7)
})

test('orders of one customer placed at once never exceed the credit', async () => {
  await shop.call('AdjustStock', { sku: 'CUP', delta: 90 })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => place([{ sku: 'CUP', quantity: 2 }])),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
  const [row] = await shop.query("SELECT SUM(TOT_AMT) n FROM ORD_HDR WHERE CUST_NO = ? AND STAT_CD = 'O'", [
    custNo,
  ])
  expect(Number(row?.n)).toBe(9_000)
  expect(await stockOf('CUP')).toBe(88)
  expect(shop.reported).toEqual([])
})
