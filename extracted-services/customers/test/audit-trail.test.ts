import { expect, test } from '@jest/globals'
import { auditTrailForm } from '@strangler/chassis/http/open-api-forms.ts'
import request from 'supertest'
import { createCustomersApp } from './customers-app.ts'

test('tells who did what to a customer, from what to what, in which trace', async () => {
  const app = createCustomersApp()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await request(app).post('/customers').send({ name: 'Ann', creditLimit: 1 })
  await request(app)
    .put('/v2/customers/1/credit-limit')
    .set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`)
    .send({ creditLimit: { amount: '2.5', currency: 'EUR' } })
  await request(app).patch('/customers/1').send({ email: 'a@b' })
  await request(app).put('/customers/1/status').send({ status: 'nonsense' }).expect(422)
  await request(app).put('/customers/1/status').set('strangler-rehearsal', '1').send({ status: 'closed' })
  const { body } = await request(app).get('/customers/1/audit').expect(200)
  expect(auditTrailForm.safeParse(body).error).toBeUndefined()
  expect(body.intact).toBe(true)
  expect(body.items).toMatchObject([
    { number: 1, action: 'open', changes: { name: { from: null, to: 'Ann' } } },
    { number: 2, action: 'change-credit-limit', changes: { creditLimit: { from: '1.00', to: '2.50' } } },
    { number: 3, action: 'revise', changes: { email: { from: null, to: 'a@b' } } },
  ])
  expect(body.items).toHaveLength(3)
  expect(body.items[1].traceparent).toContain(traceId)
  expect(Object.keys(body.items[1].changes)).toEqual(['creditLimit'])
})

test('answers 404 for nobody', async () => {
  expect((await request(createCustomersApp()).get('/customers/1/audit')).status).toBe(404)
})
