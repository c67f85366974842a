import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { createLog } from '@strangler/kit/log.ts'
import { startCustomers } from '../src/start-customers.ts'
import { noon } from './customers-app.ts'

let schema: TestSchema
let service: { url: string; close(): Promise<void> }

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${service.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
async function customer(creditLimit: string): Promise<string> {
  const { body } = await call('POST', '/customers', { name: 'Ann', creditLimit })
  return `/customers/${body.id}/credit-reservations`
}
const reserve = (path: string, orderId: string, amount: string) => call('POST', path, { orderId, amount })
const release = (path: string, orderId: string) => call('DELETE', `${path}/${orderId}`)
const events = async () =>
  ((await schema.admin('SELECT type FROM outbox_messages ORDER BY position')) as { type: string }[]).map(
    ({ type }) => type,
  )

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  const log = createLog('customers', 'silent')
  service = await startCustomers({ host: '127.0.0.1', port: 0, databaseUrl: schema.url, clock: noon, log })
})

beforeEach(async () => {
  await schema.admin('DELETE FROM credit_reservations; DELETE FROM outbox_messages')
})

afterAll(async () => {
  await service.close()
  await schema.drop()
})

test('reserves up to the limit, once for each order', async () => {
  const path = await customer('100.00')
  expect(await reserve(path, 'o1', '60')).toMatchObject({ status: 201, body: { status: 'reserved' } })
  expect(await reserve(path, 'o1', '60.00')).toMatchObject({ status: 200, body: { amount: '60.00' } })
  expect(await reserve(path, 'o2', '40.01')).toMatchObject({
    status: 409,
    body: { type: 'urn:problem:credit-exceeded', limit: '100.00', reserved: '60.00', requested: '40.01' },
  })
  expect((await reserve(path, 'o3', '40.00')).status).toBe(201)
  expect(await events()).toEqual(['CreditReserved', 'CreditRefused', 'CreditReserved'])
})

test('remembers a refusal: what an order was refused it does not get later', async () => {
  const path = await customer('10.00')
  await reserve(path, 'o1', '10')
  expect((await reserve(path, 'o2', '5')).status).toBe(409)
  await release(path, 'o1')
  expect(await reserve(path, 'o2', '5')).toMatchObject({
    status: 409,
    body: { type: 'urn:problem:credit-exceeded', reserved: '10.00' },
  })
  expect((await reserve('/customers/999/credit-reservations', 'o3', '5')).body).toMatchObject({
    type: 'urn:problem:customer-not-found',
    status: 404,
  })
})

test('gives credit back once, and none to an order whose release came first', async () => {
  const path = await customer('10.00')
  await reserve(path, 'o1', '10')
  for (let time = 0; time < 2; time++)
    expect(await release(path, 'o1')).toMatchObject({ status: 200, body: { status: 'released' } })
  expect(await release(path, 'early')).toMatchObject({ body: { amount: '0.00', status: 'released' } })
  expect(await reserve(path, 'early', '1')).toMatchObject({
    status: 409,
    body: { type: 'urn:problem:credit-released', orderId: 'early' },
  })
  expect((await reserve(path, 'o2', '10')).status).toBe(201)
  expect(await events()).toEqual(['CreditReserved', 'CreditReleased', 'CreditReleased', 'CreditReserved'])
})

test('refuses an order that asks for something else under the same id', async () => {
  const [path, other] = [await customer('10.00'), await customer('10.00')]
  await reserve(path, 'o1', '1')
  for (const answer of [
    await reserve(path, 'o1', '2'),
    await reserve(other, 'o1', '1'),
    await release(other, 'o1'),
  ])
    expect(answer).toMatchObject({ status: 409, body: { type: 'urn:problem:credit-differs' } })
})

test('gives nothing to a suspended customer', async () => {
  const path = await customer('10.00')
  await call('PUT', path.replace('credit-reservations', 'status'), { status: 'suspended' })
  expect(await reserve(path, 'o1', '1')).toMatchObject({
    status: 409,
    body: { type: 'urn:problem:customer-inactive', customerStatus: 'suspended', status: 409 },
  })
})

test('never reserves more than the limit when many orders come at once', async () => {
  const path = await customer('100.00')
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => reserve(path, `o${n}`, '9.00')))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(11)
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)
})

test('reserves once when reservation and release of an order come many times at once', async () => {
  const path = await customer('100.00')
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? reserve(path, 'o1', '10') : release(path, 'o1'))),
  )
  expect((await call('GET', `${path}/o1`)).body).toMatchObject({ status: 'released' })
  expect(await schema.admin("SELECT 1 FROM credit_reservations WHERE status = 'reserved'")).toEqual([])
})

test('answers which credit an order has, under its customer', async () => {
  const [path, other] = [await customer('10.00'), await customer('10.00')]
  await reserve(path, 'o1', '1.5')
  expect((await call('GET', `${path}/o1`)).body).toMatchObject({ orderId: 'o1', amount: '1.50' })
  expect(await call('GET', `${other}/o1`)).toMatchObject({
    status: 404,
    body: { type: 'urn:problem:credit-reservation-not-found' },
  })
})

test('rehearses a reservation and keeps nothing of it', async () => {
  const path = await customer('10.00')
  const rehearsed = await call('POST', path, { orderId: 'o1', amount: 1 }, { 'strangler-rehearsal': '1' })
  expect(rehearsed.status).toBe(201)
  expect((await call('GET', `${path}/o1`)).status).toBe(404)
  expect(await events()).toEqual([])
})
