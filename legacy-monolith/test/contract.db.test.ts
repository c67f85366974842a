import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestClient, startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop

beforeAll(async () => {
  shop = await startTestShop()
})
afterAll(() => shop.close())

test('a client that knows nothing but the address finds every operation', async () => {
  const client = await createTestClient(shop.url)
  expect(Object.keys(client.describe().ShopService.ShopPort)).toEqual([
    'GetCustomer',
    'FindCustomers',
    'CreateCustomer',
    'UpdateCustomer',
    'ChangeCreditLimit',
    'SetCustomerStatus',
    'AddCustomerNote',
    'ListCustomerNotes',
    'GetProduct',
    'ListProducts',
    'CreateProduct',
    'ChangePrice',
    'AdjustStock',
    'PlaceOrder',
    'GetOrder',
    'ListOrders',
    'CancelOrder',
  ])
})

test('every location in the contract leads back to the host that was asked, and can be downloaded', async () => {
  const { host } = new URL(shop.url)
  const wsdl = await (await fetch(`${shop.url}/soap?WSDL`)).text()
  expect(wsdl).toContain(`<soap:address location="http://${host}/soap"/>`)
  const locations = [...wsdl.matchAll(/schemaLocation="([^"]+)"/g)].map(match => match[1]!)
  expect(locations).toHaveLength(4)
  for (const location of locations) {
    const schema = await fetch(location)
    expect([schema.status, schema.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8'])
    expect(await schema.text()).toContain('elementFormDefault="qualified"')
  }
})

test.each(['secret.xsd', '../sql/001-shop.sql', '', 'constructor'])(
  'the schema %j does not exist',
  async name => {
    expect((await fetch(`${shop.url}/soap?xsd=${encodeURIComponent(name)}`)).status).toBe(404)
  },
)

test('health tells a process that lives from one that can work', async () => {
  expect((await fetch(`${shop.url}/health/live`)).status).toBe(200)
  expect((await fetch(`${shop.url}/health/ready`)).status).toBe(200)
})
