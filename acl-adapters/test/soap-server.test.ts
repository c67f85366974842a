import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Listening, listen } from '@strangler/kit/listen.ts'
import { listen as serveSoap } from 'soap'
import { shopWsdl, startShopAdapters } from './shop-fixtures.ts'

const at = '2024-03-01T00:00:00Z'
type Fields = Record<string, unknown>
const stored = new Map<number, Fields>()
let monolith: Listening
let adapters: Awaited<ReturnType<typeof startShopAdapters>>

const shopPort = {
  CreateCustomer({ name, email, phone, creditLimit, vip = false }: Fields) {
    const custNo = stored.size + 1
    stored.set(custNo, {
      custNo,
      name,
      email,
      ...(phone === undefined ? {} : { phone }),
      creditLimit: Number(creditLimit).toFixed(2),
      statusCode: 'A',
      vip,
      openedAt: at,
      changedAt: at,
    })
    return { customer: stored.get(custNo) }
  },
  GetCustomer({ custNo }: Fields) {
    const customer = stored.get(Number(custNo))
    if (customer !== undefined) return { customer }
    const detail = `<f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>${custNo}</f:custNo></f:CustomerNotFound>`
    throw {
      Fault: {
        faultcode: 'soap:Client',
        faultstring: `customer ${custNo} not found`,
        detail: { $xml: detail },
        statusCode: 500,
      },
    }
  },
  FindCustomers: () => ({ customer: [...stored.values()] }),
}

/** A SOAP server that this project did not write stands behind the REST façade. */
beforeAll(async () => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    serveSoap(server, {
      path: '/soap',
      services: { ShopService: { ShopPort: shopPort } },
      xml: readFileSync(shopWsdl, 'utf8'),
      uri: shopWsdl,
      callback: (error: unknown) => (error ? reject(error) : resolve()),
    })
  })
  monolith = await listen(server, 0, '127.0.0.1', 50)
  adapters = await startShopAdapters({ monolith: monolith.url })
})
afterAll(async () => {
  await adapters.close()
  await monolith.close()
})

const customer = {
  id: 1,
  name: 'Ann <b> & "Söhne" 😀',
  email: 'a@b',
  phone: '1',
  creditLimit: '7.50',
  status: 'active',
  vip: true,
  openedAt: at,
  reviewedOn: null,
  updatedAt: at,
}

async function call(path: string, body?: object) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(adapters.restUrl + path, body === undefined ? {} : init)
  return { status: response.status, body: await response.json() }
}

test('writes and reads over a server built on the soap package', async () => {
  expect(await call('/customers')).toEqual({ status: 200, body: { items: [] } })
  const { name, email, phone, vip } = customer
  expect(await call('/customers', { name, email, phone, creditLimit: '7.5', vip })).toEqual({
    status: 201,
    body: customer,
  })
  expect(await call('/customers/1')).toEqual({ status: 200, body: customer })
  expect(await call('/customers')).toEqual({ status: 200, body: { items: [customer] } })
  expect(await call('/rpc/GetCustomer', { custNo: 1 })).toMatchObject({
    status: 200,
    body: { customer: { custNo: 1 } },
  })
})

test('understands its faults', async () => {
  expect(await call('/customers/9')).toMatchObject({
    status: 404,
    body: { type: 'urn:problem:customer-not-found', customerId: 9 },
  })
})

test('takes its complaints about an unknown operation for a failure of the upstream', async () => {
  const { status } = await call('/rpc/GetProduct', { sku: 'A-1' })
  expect([400, 502]).toContain(status)
})
