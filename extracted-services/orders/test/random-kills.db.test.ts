import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { eventually, type Json, type Name, type Shop, startShop } from './shop.ts'

type Kill = { victim: Name; afterMs: number }

/** Each takes half a minute; more of them find more. */
const runs = Number(process.env.KILL_RUNS ?? 1)
const victims: Name[] = ['orders', 'customers', 'catalog']
const schedules = fc.array(fc.record({ victim: fc.constantFrom(...victims), afterMs: fc.nat(400) }), {
  minLength: 5,
  maxLength: 7,
})

/** Orders beyond stock and credit, placed while processes are killed at random; then everything has to add up. */
async function play(sagaStyle: string, kills: readonly Kill[]): Promise<void> {
  const shop = await startShop(process.env.STRANGLER_TEST_DB)
  const env = { SAGA_STYLE: sagaStyle, PENDING_MS: '60000', ATTEMPT_MS: '2000' }
  try {
    await Promise.all([shop.start('customers'), shop.start('catalog')])
    await shop.start('orders', env)
    const customers = await Promise.all([shop.customer('8.00'), shop.customer('100.00')])
    await shop.product('RARE', '1.00', 6)
    await shop.product('MANY', '1.00', 500)
    const placing = Array.from({ length: 30 }, (_, n) => {
      const body = {
        customerId: customers[n % 2],
        lines: [{ sku: n % 3 === 0 ? 'RARE' : 'MANY', quantity: 1 }],
      }
      return placeUntilAnswered(shop, body, `key-${n}`)
    })
    for (const { victim, afterMs } of kills) {
      await new Promise(resolve => setTimeout(resolve, afterMs))
      await shop.kill(victim)
      await shop.start(victim, victim === 'orders' ? env : {})
    }
    const ids = await Promise.all(placing)
    expect(new Set(ids).size).toBe(30)
    await eventually(() => isSettled(shop, ids), 150_000)
    await expectToAddUp(shop, ids)
  } finally {
    await shop.close()
  }
}

async function placeUntilAnswered(shop: Shop, body: Json, key: string): Promise<string> {
  for (;;) {
    const answer = await shop.call('POST', '/orders', body, { 'idempotency-key': key }).catch(() => undefined)
    if (answer?.status === 202) return String(answer.body.id)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function rows(shop: Shop, service: Name, sql: string): Promise<Map<string, string>> {
  const found = (await shop.schemas[service].admin(sql)) as { id: string; status: string }[]
  return new Map(found.map(({ id, status }) => [id, status]))
}

async function ends(shop: Shop, ids: readonly string[]) {
  const credit = await rows(shop, 'customers', 'SELECT order_id AS id, status FROM credit_reservations')
  const stock = await rows(shop, 'catalog', 'SELECT order_id AS id, status FROM reservations')
  const answers = await Promise.all(ids.map(id => shop.call('GET', `/orders/${id}`)))
  return ids.map((id, index) => ({
    order: String(answers[index]?.body.status),
    credit: credit.get(id) ?? 'none',
    stock: stock.get(id) ?? 'none',
  }))
}

const nothing = ['none', 'refused', 'released']

function isLegal({ order, credit, stock }: { order: string; credit: string; stock: string }): boolean {
  if (order === 'CONFIRMED') return credit === 'reserved' && stock === 'committed'
  return order === 'CANCELED' && nothing.includes(credit) && nothing.includes(stock)
}

async function isSettled(shop: Shop, ids: readonly string[]): Promise<boolean> {
  const all = await ends(shop, ids).catch(() => [{ order: '', credit: '', stock: '' }])
  await new Promise(resolve => setTimeout(resolve, 200))
  return all.every(isLegal)
}

async function expectToAddUp(shop: Shop, ids: readonly string[]): Promise<void> {
  const confirmed = (await ends(shop, ids)).filter(({ order }) => order === 'CONFIRMED').length
  const sold = 506 - (await shop.stockOf('RARE')) - (await shop.stockOf('MANY'))
  const [lent] = (await shop.schemas.customers.admin(
    "SELECT COALESCE(SUM(amount), 0) AS amount FROM credit_reservations WHERE status = 'reserved'",
  )) as { amount: string }[]
  expect([sold, Number(lent?.amount)]).toEqual([confirmed, confirmed])
  expect(confirmed).toBeGreaterThan(0)
  expect(confirmed).toBeLessThanOrEqual(8 + 15)
}

test('leaves nothing reserved twice and nothing left reserved under random kill -9, orchestrated', async () => {
  await fc.assert(
    fc.asyncProperty(schedules, kills => play('orchestration', kills)),
    { numRuns: runs, endOnFailure: true },
  )
}, 300_000)

test('leaves nothing reserved twice and nothing left reserved under random kill -9, by events', async () => {
  await fc.assert(
    fc.asyncProperty(schedules, kills => play('choreography', kills)),
    { numRuns: runs, endOnFailure: true },
  )
}, 300_000)
