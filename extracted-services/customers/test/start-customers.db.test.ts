import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type CuttableRelay, startCuttableRelay } from '@strangler/chassis/test-support/cuttable-relay.ts'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import type { CustomersRepository } from '../src/application/customers-repository.ts'
import { startCustomers } from '../src/start-customers.ts'

let schema: TestSchema
let relay: CuttableRelay
const running: { close(): Promise<void> }[] = []

async function start(wrap?: (customers: CustomersRepository) => CustomersRepository): Promise<string> {
  const service = await startCustomers({
    host: '127.0.0.1',
    port: 0,
    databaseUrl: schema.url.replace(`:${schema.port}/`, `:${relay.port}/`),
    clock: systemClock,
    log: createLog('customers', 'silent'),
    ...(wrap === undefined ? {} : { wrap }),
  })
  running.push(service)
  return service.url
}

function send(
  url: string,
  method: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function typeOf(answer: Response): Promise<[number, string | null, string]> {
  const { type } = (await answer.json()) as { type: string }
  return [answer.status, answer.headers.get('retry-after'), type]
}

beforeEach(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  relay = await startCuttableRelay(schema.host, schema.port)
})

afterEach(async () => {
  for (const service of running.splice(0)) await service.close()
  await relay.close()
  await schema.drop()
})

test('two processes that start together on an empty schema both serve', async () => {
  const urls = await Promise.all([start(), start()])
  for (const url of urls)
    expect((await send(`${url}/customers`, 'POST', { name: 'A', creditLimit: 1 })).status).toBe(201)
  expect(await schema.admin('SELECT COUNT(*) AS n FROM customers')).toEqual([{ n: 2 }])
})

test('opens one customer for a key that many send at the same time to two processes', async () => {
  const urls = await Promise.all([start(), start()])
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      send(
        `${urls[index % 2]}/customers`,
        'POST',
        { name: 'Ann', creditLimit: '0.10' },
        { 'idempotency-key': 'one' },
      ),
    ),
  )
  const bodies = await Promise.all(answers.map(answer => answer.text()))
  expect(answers.map(answer => answer.status)).toEqual(answers.map(() => 201))
  expect(new Set(bodies).size).toBe(1)
  expect(await schema.admin('SELECT COUNT(*) AS n FROM customers')).toEqual([{ n: 1 }])
})

test('answers 503 while the database is away and serves again when it is back', async () => {
  const url = await start()
  await send(`${url}/customers`, 'POST', { name: 'Ann', creditLimit: 1 })
  await relay.cut()
  const unavailable = [503, '1', 'urn:problem:unavailable']
  expect(await typeOf(await fetch(`${url}/customers/1`))).toEqual(unavailable)
  expect(await typeOf(await send(`${url}/customers`, 'POST', { name: 'B', creditLimit: 1 }))).toEqual(
    unavailable,
  )
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
  expect((await fetch(`${url}/health/ready`)).status).toBe(503)
  await relay.restore()
  expect((await fetch(`${url}/customers/1`)).status).toBe(200)
  await systemClock.sleep(1_000)
  expect((await fetch(`${url}/health/ready`)).status).toBe(200)
})

test('says that it is not ready within two seconds when the database hangs', async () => {
  const url = await start()
  relay.hang()
  const asked = performance.now()
  expect((await fetch(`${url}/health/ready`)).status).toBe(503)
  expect(performance.now() - asked).toBeLessThan(2_000)
  await relay.cut()
})

test('answers 503 write-fenced while a fence stands, reads on, and writes when it has gone', async () => {
  const url = await start()
  await send(`${url}/customers`, 'POST', { name: 'Ann', creditLimit: 1 })
  const events = [
    ['INSERT', 'customers'],
    ['UPDATE', 'customers'],
    ['INSERT', 'customer_notes'],
  ] as const
  const trigger = ([event, table]: (typeof events)[number]) => `strangler_fence_${event.slice(0, 3)}_${table}`
  for (const target of events)
    await schema.admin(`CREATE TRIGGER ${trigger(target)} BEFORE ${target[0]} ON ${target[1]} FOR EACH ROW
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644,
        MESSAGE_TEXT = 'STRANGLER-FENCE capability customers is written on the legacy side, epoch 3'`)
  const writes = () => [
    send(`${url}/customers`, 'POST', { name: 'Bob', creditLimit: 1 }, { 'idempotency-key': 'k' }),
    send(`${url}/customers/1`, 'PATCH', { name: 'Anne' }),
    send(`${url}/customers/1/credit-limit`, 'PUT', { creditLimit: '2' }),
    send(`${url}/customers/1/notes`, 'POST', { text: 'x' }),
    send(`${url}/customers/1`, 'PATCH', { name: 'Anne' }, { 'strangler-rehearsal': '1' }),
  ]
  for (const answer of await Promise.all(writes()))
    expect(await typeOf(answer)).toEqual([503, '1', 'urn:problem:write-fenced'])
  expect((await fetch(`${url}/customers/1`)).status).toBe(200)
  for (const target of events) await schema.admin(`DROP TRIGGER ${trigger(target)}`)
  expect((await Promise.all(writes())).map(answer => answer.status)).toEqual([201, 200, 200, 201, 200])
})

test('can be composed around another repository', async () => {
  const url = await start(customers => ({
    ...customers,
    find: async id => {
      const customer = await customers.find(id)
      return customer && { ...customer, creditLimit: customer.creditLimit.replace(/.$/, '9') }
    },
  }))
  await send(`${url}/customers`, 'POST', { name: 'Ann', creditLimit: 1 })
  expect(await (await fetch(`${url}/customers/1`)).json()).toMatchObject({ creditLimit: '1.09' })
})
