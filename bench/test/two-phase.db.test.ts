import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import {
  countInDoubt,
  createTables,
  type Databases,
  failCoordinator,
  placeCalmly,
  rollBackInDoubt,
  startCoordinator,
} from '../src/peers/failing-coordinator.ts'

let schemas: TestSchema[]
let databases: Databases

beforeAll(async () => {
  schemas = await Promise.all([0, 1].map(() => createTestSchema(process.env.STRANGLER_TEST_DB)))
  const [left, right] = schemas.map(({ name }) => new URL(`/${name}`, process.env.STRANGLER_TEST_DB).href)
  databases = { left: left!, right: right! }
  await createTables(databases)
}, 30_000)

afterAll(async () => {
  await rollBackInDoubt(databases)
  for (const schema of schemas) await schema.drop()
})

test.each(['two-phase', 'saga'] as const)('carries an order out on both sides by %s', async style => {
  const coordinator = await startCoordinator(style, databases)
  const before = await stock()
  const { times } = await placeCalmly(coordinator, `${style}-`, 200)
  await coordinator.close()
  expect(await stock()).toBe(before - times.length)
})

test('a saga whose coordinator is killed half-way keeps nobody waiting, and another process ends it', async () => {
  const before = await stock()
  const { bystanders, recoveredMs } = await failCoordinator('saga', databases, {
    orderId: 'half',
    watchMs: 500,
  })
  expect([bystanders.refused, bystanders.served > 0]).toEqual([0, true])
  expect(recoveredMs).toBeLessThan(5_000)
  expect(await stock()).toBe(before - bystanders.served - 1)
}, 30_000)

test('a two-phase commit whose coordinator is killed between its phases refuses everybody, until an operator decides', async () => {
  const { bystanders, recoveredMs, inDoubt } = await failCoordinator('two-phase', databases, {
    orderId: 'lost',
    watchMs: 500,
  })
  expect([bystanders.served, bystanders.refused > 0, recoveredMs, inDoubt]).toEqual([0, true, undefined, 2])
  await rollBackInDoubt(databases)
  expect(await countInDoubt(databases)).toBe(0)
}, 30_000)

async function stock(): Promise<number> {
  const [row] = (await schemas[1]!.admin("SELECT quantity FROM stock WHERE sku = 'TEA'")) as {
    quantity: number
  }[]
  return Number(row?.quantity)
}
