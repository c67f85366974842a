import { expect, test } from '@jest/globals'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import request from 'supertest'
import type { Orders } from '../src/application/orders.ts'
import { createOrdersApp, id, order } from './orders-app.ts'

const body = { customerId: 7, lines: [{ sku: 'TEA', quantity: 1 }] }

test('accepts an order and says where it is and what its version is', async () => {
  const answer = await request(createOrdersApp()).post('/orders').send(body)
  expect([answer.status, answer.body.status, answer.headers.location]).toEqual([
    202,
    'PENDING',
    `/orders/${answer.body.id}`,
  ])
  expect(answer.headers['order-history-token']).toBe(`${answer.body.id}.1`)
})

test('waits for the decision as long as the caller prefers', async () => {
  let asked = 0
  const find: Orders['find'] = async () => ({
    state: { ...order, status: ++asked < 3 ? 'PENDING' : 'CONFIRMED' },
    version: 2,
  })
  const decided = await request(createOrdersApp({ find })).post('/orders').set('prefer', 'wait=5').send(body)
  expect([decided.status, decided.body.status, decided.headers['preference-applied']]).toEqual([
    201,
    'CONFIRMED',
    'wait=5',
  ])
  const late = await request(createOrdersApp()).post('/orders').set('prefer', 'wait=1').send(body)
  expect([late.status, late.body.status]).toEqual([202, 'PENDING'])
})

test('names everything that is wrong with a request', async () => {
  const answer = await request(createOrdersApp())
    .post('/orders')
    .send({ lines: [{ sku: 'tea', quantity: 0 }, { quantity: 1 }], color: 'red' })
  expect([answer.status, answer.body.type]).toEqual([422, 'urn:problem:validation'])
  expect(answer.body.violations).toEqual(
    expect.arrayContaining([
      { field: 'customerId', reason: 'REQUIRED' },
      { field: 'lines[0].sku', reason: 'INVALID' },
      { field: 'lines[0].quantity', reason: 'INVALID' },
      { field: 'lines[1].sku', reason: 'REQUIRED' },
      { field: 'color', reason: 'INVALID' },
    ]),
  )
  const empty = await request(createOrdersApp()).post('/orders').send({ customerId: 1, lines: [] })
  expect(empty.body.violations).toEqual([{ field: 'lines', reason: 'REQUIRED' }])
})

test('knows no order by a name that is not one', async () => {
  for (const path of ['/orders/1', `/orders/${id.toUpperCase()}`, '/orders/x/cancel'])
    expect((await request(createOrdersApp())[path.endsWith('cancel') ? 'post' : 'get'](path)).status).toBe(
      404,
    )
  const answer = await request(createOrdersApp({ find: async () => ({ state: null, version: 0 }) })).get(
    `/orders/${id}`,
  )
  expect([answer.status, answer.body.type]).toEqual([404, 'urn:problem:order-not-found'])
})

test('answers 409 with Retry-After while an order is pending', async () => {
  const requestCancel = async () => {
    throw new ToolkitError('ORDER_PENDING', 'the order is not decided yet')
  }
  const answer = await request(createOrdersApp({ requestCancel })).post(`/orders/${id}/cancel`)
  expect([answer.status, answer.headers['retry-after'], answer.body.type]).toEqual([
    409,
    '1',
    'urn:problem:order-pending',
  ])
})

test('answers 503 with Retry-After when the history has not come to what the caller did', async () => {
  const behind = await request(createOrdersApp()).get(`/order-history?customerId=7&after=${id}.2`)
  expect([behind.status, behind.headers['retry-after'], behind.body.type]).toEqual([
    503,
    '1',
    'urn:problem:history-behind',
  ])
  const there = await request(createOrdersApp({ historyVersion: async () => 2 })).get(
    `/order-history?customerId=7&after=${id}.2`,
  )
  expect([there.status, there.body]).toEqual([200, { items: [] }])
  expect((await request(createOrdersApp()).get('/order-history?after=x')).status).toBe(422)
})

test('rehearses without waiting for anything', async () => {
  const seen: boolean[] = []
  const place: Orders['place'] = async (_placing, _origin, answer, { rehearsal }) => {
    seen.push(rehearsal)
    return answer({ claim: async () => ({ claimed: true }), complete: async () => {} }, async () => ({
      state: order,
      version: 1,
    }))
  }
  const answer = await request(createOrdersApp({ place }))
    .post('/orders')
    .set({ 'strangler-rehearsal': '1', prefer: 'wait=10' })
    .send(body)
  expect([answer.status, answer.headers['strangler-rehearsal'], seen]).toEqual([202, 'done', [true]])
})
