import { expect, test } from '@jest/globals'
import { auditTrailForm } from '@strangler/chassis/http/open-api-forms.ts'
import request from 'supertest'
import { createStockedApp } from './catalog-app.ts'

test('tells what was done to a product, from what to what', async () => {
  const app = await createStockedApp({ TEA: 5 })
  await request(app).put('/products/TEA/price').send({ price: '2.50' }).expect(200)
  await request(app).post('/products/TEA/stock-adjustments').send({ delta: -2 }).expect(200)
  await request(app).post('/products/TEA/stock-adjustments').send({ delta: -9 }).expect(422)
  const { body } = await request(app).get('/products/TEA/audit').expect(200)
  expect(auditTrailForm.safeParse(body).error).toBeUndefined()
  expect(body.intact).toBe(true)
  expect(body.items).toMatchObject([
    { number: 1, action: 'list', changes: { stock: { from: null, to: 5 } } },
    { number: 2, action: 'change-price', changes: { price: { from: '1.00', to: '2.50' } } },
    { number: 3, action: 'adjust-stock', changes: { stock: { from: 5, to: 3 } } },
  ])
  expect(body.items).toHaveLength(3)
})

test('knows no trail of a product that there is not', async () => {
  const app = await createStockedApp({})
  expect((await request(app).get('/products/GONE/audit')).status).toBe(404)
})
