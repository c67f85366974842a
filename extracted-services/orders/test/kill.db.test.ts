import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, type Json, type Name, type Shop, startShop } from './shop.ts'

const env = { PENDING_MS: '20000', ATTEMPT_MS: '500' }
/** What a saga calls, in order. */
const calls = {
  prices: /^GET \/products\/KILL$/,
  credit: /^POST \/customers\/\d+\/credit-reservations$/,
  stock: /^POST \/reservations$/,
  commit: /^POST \/reservations\/.*\/commit$/,
} as const
const servedBy = { prices: 'catalog', credit: 'customers', stock: 'catalog', commit: 'catalog' } as const

let shop: Shop
let customerId: number

beforeAll(async () => {
  shop = await startShop(process.env.STRANGLER_TEST_DB)
  await Promise.all([shop.start('customers'), shop.start('catalog')])
  await shop.start('orders', env)
  customerId = await shop.customer('9999.00')
  await shop.product('KILL', '1.00', 1_000)
}, 30_000)

afterAll(() => shop.close())

const cases = (Object.keys(calls) as (keyof typeof calls)[]).flatMap(step => [
  { victim: 'orders' as Name, moment: 'before' as const, step },
  { victim: 'orders' as Name, moment: 'after' as const, step },
  { victim: servedBy[step] as Name, moment: 'before' as const, step },
])

test.each(cases)(
  'has one order, one reservation and one credit when $victim is killed $moment the call for $step',
  async ({ victim, moment, step }) => {
    const stockBefore = await shop.stockOf('KILL')
    let restarted: Promise<unknown> | undefined
    shop.route.tap = (when, method, path) => {
      if (restarted !== undefined || when !== moment || !calls[step].test(`${method} ${path}`)) return
      restarted = shop.kill(victim).then(() => shop.start(victim, victim === 'orders' ? env : {}))
    }
    const body = { customerId, lines: [{ sku: 'KILL', quantity: 2 }] }
    const key = { 'idempotency-key': `${victim}-${moment}-${step}` }
    const post = async () => (await shop.call('POST', '/orders', body, key)).body
    await post().catch(() => {})
    await eventually(() => restarted !== undefined)
    await restarted
    shop.route.tap = undefined
    const { id } = await post()
    await eventually(async () => (await shop.call('GET', `/orders/${id}`)).body.status === 'CONFIRMED')
    const reservation = async () =>
      (await shop.schemas.catalog.admin(`SELECT status FROM reservations WHERE order_id = '${id}'`)) as Json[]
    await eventually(async () => (await reservation())[0]?.status === 'committed')
    expect(await shop.stockOf('KILL')).toBe(stockBefore - 2)
    expect(
      await shop.schemas.customers.admin(
        `SELECT status, amount FROM credit_reservations WHERE order_id = '${id}'`,
      ),
    ).toEqual([{ status: 'reserved', amount: '2.00' }])
  },
  40_000,
)
