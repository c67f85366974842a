import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { openProcessLogs } from '@strangler/stack/process-logs.ts'
import { type SupervisedProcess, startProcess } from '@strangler/stack/supervised-process.ts'
import { strangler } from '../../console/test/fake-system.ts'

type Json = Record<string, unknown>
type Span = { id?: string; parentId?: string; process: string; name: string; depth: number; failed: boolean }

const root = join(import.meta.dirname, '../..')
const [token, registryToken] = ['a-token-of-the-operators', 'a-token-that-may-register']
const running = new Map<string, SupervisedProcess>()
let schemas: Record<string, TestSchema>
let folder: string
let [entry, admin, storefront]: string[] = []

async function start(
  name: string,
  main: string,
  env: Record<string, string>,
  args: string[] = [],
): Promise<string> {
  const logs = await openProcessLogs(join(folder, '.strangler/logs'))
  const spec = { name, main: join(root, main), env, args }
  const child = await startProcess(process.execPath, process.env, spec, logs.write)
  running.set(name, child)
  return String(child.ready.url)
}

/** The service, which finds and is found by the registry of the proxy, and by nothing else. */
function startService(service: string, name = service): Promise<string> {
  const schema = schemas[service]
  const messaging = new URL(`/${schemas.messaging!.name}`, schema?.url ?? 'mysql://none')
  return start(name, `extracted-services/${service}/src/main.ts`, {
    ...(schema === undefined
      ? {}
      : {
          DATABASE_URL: schema.url,
          MESSAGING_URL: Object.assign(new URL(schema.url), { pathname: messaging.pathname }).href,
        }),
    CAPABILITIES_URL: entry!,
    STRANGLER_REGISTRY_URL: admin!,
    STRANGLER_REGISTRY_TOKEN: registryToken,
    STRANGLER_INSTANCE_ID: name,
  })
}

async function call(method: string, url: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: JSON.parse((await answer.text()) || '{}') as Json }
}

async function instancesOf(service: string): Promise<string[]> {
  const { body } = await call('GET', `${admin}/admin/services/${service}/instances`, undefined, {
    authorization: `Bearer ${token}`,
  })
  return (body.instances as { id: string }[]).map(({ id }) => id).sort()
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('it did not come to that within 30 s')
    await delay(50)
  }
}

async function place(customerId: unknown, headers: Record<string, string> = {}): Promise<Json> {
  const order = { customerId, lines: [{ sku: 'TEA', quantity: 1 }] }
  return (await call('POST', `${entry}/orders`, order, { prefer: 'wait=10', ...headers })).body
}

const linesOf = async (name: string) => readFile(join(folder, '.strangler/logs', `${name}.log`), 'utf8')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-order-trace-'))
  await mkdir(join(folder, '.strangler'))
  const names = ['customers', 'catalog', 'orders', 'messaging']
  const made = await Promise.all(names.map(() => createTestSchema(process.env.STRANGLER_TEST_DB)))
  schemas = Object.fromEntries(names.map((name, index) => [name, made[index]!]))
  for (const { name } of made)
    await schemas.messaging!.admin(`GRANT ALL ON ${schemas.messaging!.name}.* TO ${name}@'127.0.0.1'`)
  const [port, adminPort] = await freePorts(2)
  entry = `http://127.0.0.1:${port}`
  admin = `http://127.0.0.1:${adminPort}`
  const file = join(folder, 'strangler.yaml')
  await writeFile(file, routes())
  const listen = ['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`]
  const tokens = { STRANGLER_TOKEN: token, STRANGLER_REGISTRY_TOKEN: registryToken }
  await start('proxy', 'strangler-proxy/src/main.ts', tokens, ['proxy', '--config', file, ...listen])
  await Promise.all([
    startService('customers'),
    startService('catalog'),
    startService('catalog', 'catalog-2'),
    startService('orders'),
  ])
  storefront = await startService('storefront')
  await eventually(
    async () =>
      (await instancesOf('catalog-grpc')).length === 2 && (await instancesOf('orders')).length === 1,
  )
}, 60_000)

afterAll(async () => {
  for (const child of [...running.values()].reverse()) await child.stop()
  for (const schema of Object.values(schemas)) await schema.drop()
  await rm(folder, { recursive: true, force: true })
}, 30_000)

test('processes register themselves; two of one service share its requests and its outbox', async () => {
  expect(await instancesOf('catalog')).toEqual(['catalog', 'catalog-2'])
  await eventually(
    async () =>
      (await call('POST', `${entry}/products`, { sku: 'TEA', name: 'Tea', price: '2.50', stock: 1_000 }))
        .status === 201,
  )
  const { id } = (await call('POST', `${entry}/customers`, { name: 'Ann', creditLimit: '9999.00' })).body
  for (let n = 0; n < 10; n++) expect(await place(id)).toMatchObject({ status: 'CONFIRMED', total: '2.50' })
  for (const name of ['catalog', 'catalog-2']) {
    const lines = await linesOf(name)
    expect([name, lines.includes('"rpc":"GetStock"'), lines.includes('"method":"POST"')]).toEqual([
      name,
      true,
      true,
    ])
  }
  expect((await call('GET', `${entry}/products/TEA`)).body.stock).toBe(990)
}, 60_000)

test('an order is one trace through every process, from the request to the view', async () => {
  const { id: customerId } = (
    await call('POST', `${entry}/customers`, { name: 'Bob', creditLimit: '9999.00' })
  ).body
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const order = await place(customerId, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  expect(order.status).toBe('CONFIRMED')
  const find = async () => {
    const { stdout } = await strangler(folder, ['trace', traceId.slice(0, 16), '--json'])
    return (JSON.parse(stdout) as { spans?: Span[] }).spans ?? []
  }
  const ending = [
    'OrderConfirmed → orders-history',
    'StockReserved → orders-history',
    'CreditReserved → orders-history',
    'create-order: commit-stock',
  ]
  await eventually(async () => {
    const names = (await find()).map(({ name }) => name)
    return ending.every(name => names.includes(name))
  })
  const spans = await find()
  const processes = new Set(spans.map(({ process }) => process.replace(/-2$/, '')))
  expect(processes).toEqual(new Set(['proxy', 'orders', 'customers', 'catalog']))
  // What customers published is below the request that reserved the credit, which is below the saga's step.
  const byId = new Map(spans.flatMap(span => (span.id === undefined ? [] : [[span.id, span]])))
  const above = (span: Span | undefined): string[] =>
    span === undefined ? [] : [span.name, ...above(byId.get(span.parentId ?? ''))]
  const published = spans.find(({ name }) => name === 'CreditReserved → customers-events')
  expect(above(published)).toEqual(
    expect.arrayContaining(['CreditReserved → customers-events', 'POST /customers/:id/credit-reservations']),
  )
  expect(spans.filter(({ failed }) => failed)).toEqual([])
  const drawn = (await strangler(folder, ['trace', traceId])).stdout
  expect(drawn).toContain('create-order: confirm')
}, 60_000)

test('the storefront shows the order, composed of three capabilities', async () => {
  const { id: customerId } = (
    await call('POST', `${entry}/customers`, { name: 'Cid', creditLimit: '9999.00' })
  ).body
  const { id } = await place(customerId)
  await eventually(
    async () =>
      ((await call('GET', `${storefront}/web/orders/${id}`)).body.progress as Json)?.stock === 'reserved',
  )
  const { body } = await call('GET', `${storefront}/web/orders/${id}`)
  expect(body).toMatchObject({
    status: 'CONFIRMED',
    customer: { name: 'Cid' },
    lines: [{ sku: 'TEA', product: { name: 'Tea', priceNow: '2.50' } }],
    partial: false,
  })
}, 60_000)

test('orders go on when one of the two is killed, and it is forgotten', async () => {
  const { id: customerId } = (
    await call('POST', `${entry}/customers`, { name: 'Dan', creditLimit: '9999.00' })
  ).body
  running.get('catalog-2')!.kill('SIGKILL')
  await running.get('catalog-2')!.ended
  const placed = await Promise.all(Array.from({ length: 10 }, () => place(customerId)))
  for (const { id } of placed)
    await eventually(async () => (await call('GET', `${entry}/orders/${id}`)).body.status === 'CONFIRMED')
  await eventually(async () => (await instancesOf('catalog')).join() === 'catalog')
}, 90_000)

/** All capabilities are extracted, and all instances are found by the registry. */
function routes(): string {
  const capability = (name: string, paths: readonly string[]) => `  ${name}:
    stage: extracted
    writes: extracted
    data: none
    routes:
${paths.map(path => `      - { rest: "${path}", effect: ${path.startsWith('GET') ? 'read' : 'write'}, legacy: ${name}, extracted: ${name} }`).join('\n')}`
  return `version: 1
upstreams:
  customers: { service: "customers" }
  catalog: { service: "catalog" }
  orders: { service: "orders" }
default: orders
accessLog: true
capabilities:
${capability('customers', ['GET /customers/{id}', 'ANY /customers/**', 'POST /customers'])}
${capability('catalog', ['GET /products/{sku}', 'POST /products', 'POST /reservations', 'ANY /reservations/**'])}
${capability('orders', ['GET /orders/{id}', 'POST /orders', 'GET /order-history'])}
`
}
