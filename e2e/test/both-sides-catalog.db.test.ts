import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { type Client, createClientAsync } from 'soap'
import { request } from 'undici'

/** The catalog's two sides as processes, each with a schema of its own that begins empty. */
const root = join(import.meta.dirname, '../..')
const wsdl = join(root, 'legacy-monolith/wsdl/shop.wsdl')
const schemas: TestSchema[] = []
const children: ChildProcess[] = []
let legacy: { rest: string; soap: string }
let extracted: { rest: string; soap: string }

async function start(main: string, env: Record<string, string>): Promise<Record<string, string>> {
  const child = spawn(process.execPath, [join(root, main)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  const [line] = await once(child.stdout!, 'data')
  return JSON.parse(String(line).split('\n')[0]!)
}

async function newSchema(): Promise<TestSchema> {
  const schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  schemas.push(schema)
  return schema
}

beforeAll(async () => {
  const shop = await newSchema()
  execFileSync(process.execPath, [join(root, 'legacy-monolith/src/install-main.ts')], {
    env: { PATH: process.env.PATH, DATABASE_URL: shop.url },
    stdio: 'ignore',
  })
  // A new shop has articles to sell.
  await shop.admin('DELETE FROM ORD_LINE; DELETE FROM ORD_HDR; DELETE FROM PRD_MST')
  const monolith = await start('legacy-monolith/src/main.ts', { DATABASE_URL: shop.url })
  const catalog = await start('extracted-services/catalog/src/main.ts', {
    DATABASE_URL: (await newSchema()).url,
  })
  const acl = await start('acl-adapters/src/main.ts', {
    WSDL: wsdl,
    MONOLITH_URL: monolith.url!,
    CUSTOMERS_URL: 'http://127.0.0.1:1',
    CATALOG_URL: catalog.url!,
  })
  legacy = { rest: acl.restUrl!, soap: `${monolith.url}/soap` }
  extracted = { rest: catalog.url!, soap: `${acl.facadeUrl}/soap` }
}, 60_000)

afterAll(async () => {
  for (const child of children) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  for (const schema of schemas) await schema.drop()
}, 30_000)

type Call = [method: string, path: string, body?: unknown]

const calls: Call[] = [
  ['GET', '/products'],
  ['GET', '/products/CUP'],
  ['POST', '/products', { sku: 'CUP', name: 'Größe <"A"> & Söhne 🚚', price: '7.5', stock: 3 }],
  ['POST', '/products', { sku: 'CUP', name: 'again', price: '1' }],
  ['POST', '/products', { sku: 'A-1', name: ' spaces ', price: 0 }],
  ['POST', '/products', { sku: 'Z9', name: 'dear', price: '999999.99', stock: 2_147_483_647 }],
  ['POST', '/products', {}],
  ['POST', '/products', { sku: 'a', name: '', price: '-1', stock: -1, colour: 'red' }],
  ['POST', '/products', { sku: 'A'.repeat(21), name: 'x'.repeat(81), price: '1000000', stock: 0.5 }],
  ['POST', '/products', { sku: null, name: 7, price: '1.234', stock: null }],
  ['POST', '/products', { sku: 'B', name: 'x', price: '0000000007.5' }],
  ['POST', '/products', { sku: 'C', name: 'x', price: '00000000000007' }],
  ['GET', '/products/CUP'],
  ['GET', '/products/cup'],
  ['GET', '/products/CUP%20'],
  ['GET', '/products/%EC%97%86%EC%9D%8C'],
  ['PUT', '/products/CUP/price', { price: 0.1 }],
  ['PUT', '/products/CUP/price', { price: 'much' }],
  ['PUT', '/products/CUP/price', {}],
  ['PUT', '/products/NONE/price', { price: '1' }],
  ['PUT', '/products/none/price', { price: 'much' }],
  ['POST', '/products/CUP/stock-adjustments', { delta: -3 }],
  ['POST', '/products/CUP/stock-adjustments', { delta: -1 }],
  ['POST', '/products/CUP/stock-adjustments', { delta: 0 }],
  ['POST', '/products/Z9/stock-adjustments', { delta: 1 }],
  ['POST', '/products/Z9/stock-adjustments', { delta: -2_147_483_648 }],
  ['POST', '/products/Z9/stock-adjustments', { delta: '1' }],
  ['POST', '/products/NONE/stock-adjustments', { delta: 1 }],
  ['GET', '/products'],
  ['GET', '/products?after=A-1&limit=1'],
  ['GET', '/products?after=a'],
  ['GET', '/products?after='],
  ['GET', '/products?after=CUP%20'],
  ['GET', '/products?activeOnly=true'],
  ['GET', '/products?activeOnly=yes&limit=501&after=%01&page=2'],
  ['DELETE', '/products/CUP'],
  ['GET', '/products/CUP/price'],
]

async function ask(url: string, [method, path, body]: Call) {
  const reply = await request(url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = (await reply.body.text()).replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g, '"TIME"')
  const { detail: _words, ...answer } = JSON.parse(text) as Record<string, unknown>
  const { location, allow } = reply.headers
  return { status: reply.statusCode, type: String(reply.headers['content-type']), location, allow, answer }
}

test('a REST client gets the same answers from either side', async () => {
  for (const call of calls)
    expect({ call, ...(await ask(extracted.rest, call)) }).toEqual({
      call,
      ...(await ask(legacy.rest, call)),
    })
}, 30_000)

const operations: [string, unknown][] = [
  ['GetProduct', { sku: 'CUP' }],
  ['GetProduct', { sku: 'NONE' }],
  ['GetProduct', { sku: '' }],
  ['GetProduct', { sku: 'a/../b?c#d' }],
  ['CreateProduct', { sku: 'POT', name: 'Œuvre', price: '+10.5' }],
  ['CreateProduct', { sku: 'PAN', name: 'Pan', price: '1', stock: 4 }],
  ['CreateProduct', { sku: 'POT', name: 'again', price: '1' }],
  ['CreateProduct', { sku: 'a b', name: '', price: '1.234', stock: -1 }],
  ['CreateProduct', {}],
  ['CreateProduct', { sku: 'X', name: 'x', price: 'x' }],
  ['CreateProduct', { sku: 'X', name: 'x', price: '' }],
  ['CreateProduct', { sku: 'X', name: 'x', price: '1', stock: 'x' }],
  ['ChangePrice', { sku: 'POT', price: '12.34' }],
  ['ChangePrice', { sku: 'POT', price: '-0.01' }],
  ['ChangePrice', { sku: 'NONE', price: '1' }],
  ['ChangePrice', { sku: 'POT' }],
  ['ChangePrice', {}],
  ['AdjustStock', { sku: 'POT', delta: 5 }],
  ['AdjustStock', { sku: 'POT', delta: -6 }],
  ['AdjustStock', { sku: 'NONE', delta: 1 }],
  ['AdjustStock', { sku: 'POT', delta: '99999999999' }],
  ['ListProducts', {}],
  ['ListProducts', { afterSku: 'CUP', maxRows: 1 }],
  ['ListProducts', { afterSku: '', activeOnly: true }],
  ['ListProducts', { afterSku: '없음' }],
  ['ListProducts', { maxRows: 501 }],
]

test('a SOAP client nobody here wrote gets the same results and typed faults from either side', async () => {
  const clients = await Promise.all(
    [legacy.soap, extracted.soap].map(url => createClientAsync(`${url}?wsdl`, {}, url)),
  )
  for (const [operation, input] of operations) {
    const [expected, answered] = [
      await outcome(clients[0]!, operation, input),
      await outcome(clients[1]!, operation, input),
    ]
    expect({ operation, input, answered }).toEqual({ operation, input, answered: expected })
  }
}, 30_000)

async function outcome(client: Client, operation: string, input: unknown): Promise<unknown> {
  try {
    const [result] = await client[`${operation}Async`](input)
    return { result: untimed(result) }
  } catch (error) {
    const { root: parsed, response } = error as {
      root?: {
        Envelope?: { Body?: { Fault?: { faultcode: string; faultstring: string; detail?: unknown } } }
      }
      response?: { status?: number }
    }
    const fault = parsed?.Envelope?.Body?.Fault
    // The words of a fault without a type are for people; who reads by program has its code.
    const typed = fault?.detail !== undefined && fault.detail !== null
    return { status: response?.status, fault: untimed(typed ? fault : fault?.faultcode) }
  }
}

function untimed(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null).replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.000)?Z"/g, '"TIME"'),
  )
}
