import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, createClientAsync } from 'soap'
import { request } from 'undici'
import { startTestSystem, type TestSystem } from '../src/test-system.ts'

/** Both sides begin empty, so that the same calls give the same numbers on both. */
let shop: TestSystem
beforeAll(async () => {
  shop = await startTestSystem(process, 0)
}, 90_000)
afterAll(() => shop.stop(), 60_000)

type Call = { method: string; path: string; body?: unknown; raw?: string; type?: string }

const long = 'x'.repeat(81)
const calls: Call[] = [
  { method: 'GET', path: '/customers/1' },
  {
    method: 'POST',
    path: '/customers',
    body: { name: 'Größe & Söhne <AG>', email: 'a@b.example', creditLimit: '1234.50', vip: true },
  },
  { method: 'POST', path: '/customers', body: { name: '김민준 🚚', creditLimit: 0 } },
  {
    method: 'POST',
    path: '/customers',
    body: { name: '', email: 'no', phone: '9'.repeat(31), creditLimit: '-1' },
  },
  { method: 'POST', path: '/customers', body: { name: long, creditLimit: '1.234' } },
  { method: 'POST', path: '/customers', body: { creditLimit: '99999999999999' } },
  { method: 'POST', path: '/customers', body: { name: 'A', creditLimit: '1', hobby: 'chess' } },
  { method: 'POST', path: '/customers', raw: '{"name":', type: 'application/json' },
  { method: 'GET', path: '/customers/1' },
  { method: 'GET', path: '/customers/2' },
  { method: 'GET', path: '/customers/abc' },
  { method: 'PATCH', path: '/customers/1', body: { phone: '00491', email: null } },
  { method: 'PATCH', path: '/customers/1', body: { name: 'Renamed "twice"', vip: false } },
  { method: 'PATCH', path: '/customers/77', body: { name: 'Nobody' } },
  { method: 'PATCH', path: '/customers/1', body: { name: ' ' } },
  { method: 'PUT', path: '/customers/2/credit-limit', body: { creditLimit: '0.10' } },
  { method: 'PUT', path: '/customers/2/credit-limit', body: { creditLimit: 'lots' } },
  { method: 'PUT', path: '/customers/2/status', body: { status: 'suspended' } },
  { method: 'GET', path: '/customers/1/notes' },
  { method: 'POST', path: '/customers/1/notes', body: { text: 'one\nnote, "quoted" & <marked>' } },
  { method: 'GET', path: '/customers/1/notes' },
  { method: 'POST', path: '/customers/1/notes', body: { text: '' } },
  { method: 'POST', path: '/customers/1/notes', body: { text: ' \n ' } },
  { method: 'POST', path: '/customers/99/notes', body: { text: 'to nobody' } },
  { method: 'GET', path: '/customers/99/notes' },
  { method: 'POST', path: '/customers/1/notes', body: { text: 'another' } },
  { method: 'GET', path: '/customers/1/notes' },
  { method: 'GET', path: '/customers' },
  { method: 'GET', path: '/customers?name=Ren' },
  { method: 'GET', path: '/customers?name=ren' },
  { method: 'GET', path: '/customers?status=suspended' },
  { method: 'GET', path: '/customers?after=1&limit=1' },
  { method: 'GET', path: '/customers?status=odd' },
  { method: 'GET', path: '/customers?limit=0' },
]

async function ask(port: number, call: Call) {
  const reply = await request(`http://127.0.0.1:${port}${call.path}`, {
    method: call.method,
    headers:
      call.body === undefined && call.raw === undefined
        ? {}
        : { 'content-type': call.type ?? 'application/json' },
    body: call.raw ?? (call.body === undefined ? null : JSON.stringify(call.body)),
  })
  // A note that is refused may use up a number, so notes are told apart by their text.
  const text = (await reply.body.text())
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g, '"TIME"')
    .replace(/"id":\d+,"customerId"/g, '"id":"NOTE","customerId"')
  const { detail: _words, ...answer } = JSON.parse(text) as Record<string, unknown>
  return {
    status: reply.statusCode,
    type: String(reply.headers['content-type']).split(';')[0],
    location: reply.headers.location,
    answer,
  }
}

test('a REST client gets the same answers from either side', async () => {
  const { rest, customers } = shop.system.ports
  for (const call of calls) {
    const legacy = await ask(rest, call)
    const extracted = await ask(customers, call)
    expect({ call, ...extracted }).toEqual({ call, ...legacy })
  }
}, 30_000)

describe('a SOAP client nobody here wrote', () => {
  async function clients(): Promise<[Client, Client]> {
    const { monolith, facade } = shop.system.ports
    const at = (port: number) =>
      createClientAsync(`http://127.0.0.1:${port}/soap?wsdl`, {}, `http://127.0.0.1:${port}/soap`)
    return [await at(monolith), await at(facade)]
  }

  async function outcome(client: Client, operation: string, input: unknown): Promise<unknown> {
    try {
      const [result] = await client[`${operation}Async`](input)
      return untimed(result)
    } catch (error) {
      const { root, response } = error as {
        root?: { Envelope?: { Body?: { Fault?: unknown } } }
        response?: { status?: number }
      }
      return { status: response?.status, fault: untimed(root?.Envelope?.Body?.Fault) }
    }
  }

  function untimed(value: unknown): unknown {
    const text = JSON.stringify(value ?? null)
      .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.000)?Z"/g, '"TIME"')
      .replace(/"noteNo":\d+/g, '"noteNo":"NOTE"')
    return JSON.parse(text)
  }

  const operations: [string, unknown][] = [
    ['GetCustomer', { custNo: 1 }],
    ['GetCustomer', { custNo: 4711 }],
    ['CreateCustomer', { name: 'Œuvre', creditLimit: '10.00' }],
    ['CreateCustomer', { name: '', email: 'x', creditLimit: '-3' }],
    ['UpdateCustomer', { custNo: 3, email: 'new@b.example', vip: true }],
    ['UpdateCustomer', { custNo: 4711, name: 'Nobody' }],
    ['ChangeCreditLimit', { custNo: 3, creditLimit: '12.34' }],
    ['ChangeCreditLimit', { custNo: 3, creditLimit: '12.345' }],
    ['SetCustomerStatus', { custNo: 3, statusCode: 'S' }],
    ['AddCustomerNote', { custNo: 3, text: 'by SOAP <&>' }],
    ['AddCustomerNote', { custNo: 4711, text: 'to nobody' }],
    ['ListCustomerNotes', { custNo: 3 }],
    ['ListCustomerNotes', { custNo: 2 }],
    ['FindCustomers', {}],
    ['FindCustomers', { namePrefix: 'Ren', maxRows: 10 }],
    ['FindCustomers', { statusCode: 'S' }],
    ['FindCustomers', { afterNo: 999 }],
  ]

  test('gets the same results and the same typed faults from either side', async () => {
    const [legacy, extracted] = await clients()
    for (const [operation, input] of operations) {
      const expected = await outcome(legacy, operation, input)
      const answered = await outcome(extracted, operation, input)
      expect({ operation, input, answered }).toEqual({ operation, input, answered: expected })
    }
  }, 30_000)

  test('reads the same contract on either side: only the address differs', async () => {
    const { monolith, facade } = shop.system.ports
    const wsdl = async (port: number) => (await request(`http://127.0.0.1:${port}/soap?wsdl`)).body.text()
    const anywhere = (text: string) => text.replace(/127\.0\.0\.1:\d+/g, 'HOST')
    expect(anywhere(await wsdl(facade))).toBe(anywhere(await wsdl(monolith)))
  })
})

test.each([
  [
    'not well-formed',
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><Get',
  ],
  [
    'a DOCTYPE',
    '<!DOCTYPE x [<!ENTITY a "b">]><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body/></soap:Envelope>',
  ],
  [
    'an unknown operation',
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><DropTables xmlns="urn:x"/></soap:Body></soap:Envelope>',
  ],
  [
    'too big',
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><GetCustomer xmlns="urn:shop:2009:customers"><custNo>${'1'.repeat(12_000_000)}</custNo></GetCustomer></soap:Body></soap:Envelope>`,
  ],
])(
  'a SOAP message that is %s gets a fault, through the proxy and from the façade, and everything lives on',
  async (_what, body) => {
    for (const port of [shop.system.ports.proxy, shop.system.ports.facade]) {
      const send = (text: string) =>
        request(`http://127.0.0.1:${port}/soap`, {
          method: 'POST',
          headers: { 'content-type': 'text/xml; charset=utf-8' },
          body: text,
        })
      const reply = await send(body)
      expect(reply.statusCode).toBeGreaterThanOrEqual(400)
      expect(await reply.body.text()).toMatch(/<(\w+:)?Fault\b/)
      const next = await send(
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><FindCustomers xmlns="urn:shop:2009:customers"/></soap:Body></soap:Envelope>',
      )
      expect(next.statusCode).toBe(200)
      await next.body.dump()
    }
  },
  30_000,
)
