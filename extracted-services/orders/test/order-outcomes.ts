import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { auditEntrySchema, historyEntrySchema, orderSchema } from '../src/http/open-api-document.ts'
import { eventually, type Json, type Shop, startShop } from './shop.ts'

/**
 * What an order comes to, whichever way it is decided.
 * @param broker variables that name a broker other than the log in MariaDB
 */
export function testOrderOutcomes(
  sagaStyle: 'orchestration' | 'choreography',
  broker: Record<string, string> = {},
): void {
  let shop: Shop
  let skus = 0

  const env = { SAGA_STYLE: sagaStyle, PENDING_MS: '4000', ATTEMPT_MS: '1000', ...broker }
  const place = async (customerId: number, lines: Json[], wait = 10): Promise<Json> =>
    (await shop.call('POST', '/orders', { customerId, lines }, { prefer: `wait=${wait}` })).body
  const product = async (price: string, stock: number): Promise<string> => {
    const sku = `P-${++skus}`
    await shop.product(sku, price, stock)
    return sku
  }
  const creditOf = async (id: unknown) =>
    (
      (await shop.schemas.customers.admin(
        `SELECT status FROM credit_reservations WHERE order_id = '${id}'`,
      )) as { status: string }[]
    )[0]?.status
  const reservationOf = async (id: unknown) =>
    (
      (await shop.schemas.catalog.admin(`SELECT status FROM reservations WHERE order_id = '${id}'`)) as {
        status: string
      }[]
    )[0]?.status
  const statusOf = async (id: unknown) => (await shop.call('GET', `/orders/${id}`)).body.status

  beforeAll(async () => {
    shop = await startShop(process.env.STRANGLER_TEST_DB)
    await Promise.all([shop.start('customers', broker), shop.start('catalog', broker)])
    await shop.start('orders', env)
  }, 30_000)

  afterAll(() => shop.close())

  test('confirms an order that can be paid and delivered, and commits its stock', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('12.50', 10)]
    const order = await place(customerId, [
      { sku, quantity: 3 },
      { sku, quantity: 1 },
    ])
    expect(order).toMatchObject({
      status: 'CONFIRMED',
      total: '50.00',
      reason: null,
      lines: [
        { sku, quantity: 3, unitPrice: '12.50' },
        { sku, quantity: 1, unitPrice: '12.50' },
      ],
    })
    await eventually(async () => (await reservationOf(order.id)) === 'committed')
    expect([await creditOf(order.id), await shop.stockOf(sku)]).toEqual(['reserved', 6])
  }, 20_000)

  test('cancels an order over the credit limit, and takes no stock for it', async () => {
    const [customerId, sku] = [await shop.customer('10.00'), await product('10.01', 10)]
    const order = await place(customerId, [{ sku, quantity: 1 }])
    expect(order).toMatchObject({
      status: 'CANCELED',
      total: null,
      reason: { code: 'CREDIT_EXCEEDED', details: { limit: '10.00', requested: '10.01' } },
    })
    expect([await shop.stockOf(sku), await creditOf(order.id)]).toEqual([10, 'refused'])
  }, 20_000)

  test('cancels an order that is out of stock, and gives the credit back', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('1.00', 1)]
    const other = await product('1.00', 5)
    const order = await place(customerId, [
      { sku: other, quantity: 1 },
      { sku, quantity: 2 },
    ])
    expect(order).toMatchObject({
      status: 'CANCELED',
      reason: {
        code: 'OUT_OF_STOCK',
        details: { shortages: [{ sku, requested: 2, available: 1, reason: 'OUT_OF_STOCK' }] },
      },
    })
    await eventually(async () => (await creditOf(order.id)) === 'released')
    expect([await shop.stockOf(sku), await shop.stockOf(other)]).toEqual([1, 5])
    expect(await place(customerId, [{ sku, quantity: 1 }])).toMatchObject({ status: 'CONFIRMED' })
  }, 20_000)

  test('cancels an order of an unknown customer or product', async () => {
    const sku = await product('1.00', 1)
    expect(await place(999_999, [{ sku, quantity: 1 }])).toMatchObject({
      status: 'CANCELED',
      reason: { code: 'CUSTOMER_NOT_FOUND' },
    })
    expect(await place(await shop.customer('1.00'), [{ sku: 'GONE', quantity: 1 }])).toMatchObject({
      status: 'CANCELED',
      reason: { code: 'PRODUCT_NOT_FOUND', details: { sku: 'GONE' } },
    })
    expect(await shop.stockOf(sku)).toBe(1)
  }, 20_000)

  test('cancels an order at its deadline when catalog does not answer, and leaves nothing reserved', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('1.00', 5)]
    shop.route.divert = (method, path) =>
      method === 'POST' && path === '/reservations' ? 'http://127.0.0.1:1' : undefined
    const order = await place(customerId, [{ sku, quantity: 1 }])
    shop.route.divert = undefined
    expect(order).toMatchObject({ status: 'CANCELED', reason: { code: 'DEADLINE' } })
    await eventually(
      async () => (await creditOf(order.id)) === 'released' && (await reservationOf(order.id)) === 'released',
      30_000,
    )
    expect(await shop.stockOf(sku)).toBe(5)
  }, 45_000)

  test('sees an order through that was placed while customers was down for a moment', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('1.00', 5)]
    await shop.kill('customers')
    const placing = place(customerId, [{ sku, quantity: 1 }])
    await shop.start('customers', broker)
    const { id, status } = await placing
    expect(['CONFIRMED', 'CANCELED']).toContain(status)
    const [credit, stock] = status === 'CONFIRMED' ? ['reserved', 4] : ['released', 5]
    await eventually(
      async () => (await creditOf(id)) === credit && (await shop.stockOf(sku)) === stock,
      30_000,
    )
  }, 45_000)

  test('answers 409 with Retry-After to the cancellation of a pending order', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('1.00', 5)]
    shop.route.divert = (_method, path) => (path.startsWith('/products') ? 'http://127.0.0.1:1' : undefined)
    const placed = await shop.call('POST', '/orders', { customerId, lines: [{ sku, quantity: 1 }] })
    expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
    expect(placed.headers.get('location')).toBe(`/orders/${placed.body.id}`)
    const refused = await shop.call('POST', `/orders/${placed.body.id}/cancel`)
    shop.route.divert = undefined
    expect([refused.status, refused.headers.get('retry-after'), refused.body.type]).toEqual([
      409,
      '1',
      'urn:problem:order-pending',
    ])
    await eventually(async () => (await statusOf(placed.body.id)) !== 'PENDING')
  }, 20_000)

  test('gives stock and credit of a confirmed order back when it is canceled', async () => {
    const [customerId, sku] = [await shop.customer('10.00'), await product('2.00', 5)]
    const { id } = await place(customerId, [{ sku, quantity: 5 }])
    expect(await shop.stockOf(sku)).toBe(0)
    const canceled = await shop.call('POST', `/orders/${id}/cancel`)
    expect([canceled.status, canceled.body.status]).toEqual([202, 'CANCELING'])
    await eventually(async () => (await statusOf(id)) === 'CANCELED')
    expect([await shop.stockOf(sku), await creditOf(id)]).toEqual([5, 'released'])
    const again = await shop.call('POST', `/orders/${id}/cancel`)
    expect([again.status, again.body.reason]).toEqual([200, { code: 'REQUESTED' }])
    expect(await place(customerId, [{ sku, quantity: 5 }])).toMatchObject({ status: 'CONFIRMED' })
  }, 20_000)

  test('places one order for a request that is repeated with its key', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('1.00', 5)]
    const body = { customerId, lines: [{ sku, quantity: 1 }] }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => shop.call('POST', '/orders', body, { 'idempotency-key': `k-${sku}` })),
    )
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1)
    await eventually(async () => (await statusOf(answers[0]?.body.id)) === 'CONFIRMED')
    expect(await shop.stockOf(sku)).toBe(4)
    const other = await shop.call(
      'POST',
      '/orders',
      { ...body, customerId: 1 },
      { 'idempotency-key': `k-${sku}` },
    )
    expect([other.status, other.body.type]).toEqual([422, 'urn:problem:idempotency-key-reuse'])
  }, 20_000)

  test('sells no more than there is, and lends no more than the limit, to many orders at once', async () => {
    const [customerId, sku] = [await shop.customer('60.00'), await product('10.00', 8)]
    const orders = await Promise.all(
      Array.from({ length: 12 }, () => place(customerId, [{ sku, quantity: 1 }])),
    )
    const confirmed = orders.filter(({ status }) => status === 'CONFIRMED')
    expect(confirmed).toHaveLength(6)
    expect(orders.filter(({ status }) => status === 'CANCELED')).toHaveLength(6)
    await eventually(async () => (await shop.stockOf(sku)) === 2)
  }, 30_000)

  test('shows a caller its own order in the history, with what customers and catalog say of it', async () => {
    const [customerId, sku] = [await shop.customer('100.00'), await product('3.00', 5)]
    const answer = await shop.call(
      'POST',
      '/orders',
      { customerId, lines: [{ sku, quantity: 2 }] },
      { prefer: 'wait=10' },
    )
    expect([answer.status, answer.body.status]).toEqual([201, 'CONFIRMED'])
    const after = answer.headers.get('order-history-token')
    const history = await shop.call('GET', `/order-history?customerId=${customerId}&after=${after}`)
    expect(history.body.items).toMatchObject([
      { orderId: answer.body.id, status: 'CONFIRMED', total: '6.00', version: 2 },
    ])
    await eventually(async () => {
      const { body } = await shop.call('GET', `/order-history?customerId=${customerId}`)
      const [entry] = body.items as Json[]
      return entry?.credit === 'reserved'
    })
    const audit = await shop.call('GET', `/orders/${answer.body.id}/audit`)
    expect((audit.body.items as Json[]).map(({ type }) => type)).toEqual(['OrderPlaced', 'OrderConfirmed'])
    for (const [schema, found] of [
      [orderSchema, [answer.body]],
      [historyEntrySchema, history.body.items],
      [auditEntrySchema, audit.body.items],
    ] as const)
      for (const one of found as Json[]) expect(schema.safeParse(one).error).toBeUndefined()
    const traceIds = (audit.body.items as Json[]).map(({ traceparent }) => String(traceparent).split('-')[1])
    expect(new Set(traceIds).size).toBe(1)
  }, 20_000)

  test('measures what waits', async () => {
    await eventually(async () => {
      const metrics = await (await fetch(`${shop.ordersUrl()}/metrics`)).text()
      const nothingWaits = [
        'outbox_messages',
        'dead_letters',
        'sagas_running',
        'sagas_stuck',
        'history_behind_messages',
      ]
      return (
        nothingWaits.every(name => metrics.includes(`\nstrangler_${name} 0\n`)) &&
        /^strangler_history_lag_seconds_count [1-9]/m.test(metrics)
      )
    }, 30_000)
  }, 40_000)
}
