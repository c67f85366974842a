import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath, env as inherited } from 'node:process'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { type SupervisedProcess, startProcess } from '@strangler/stack/supervised-process.ts'
import { createConnection } from 'mysql2/promise'
import { cpuMicrosOf } from '../load/bench-process.ts'

export type OrderShopOptions = {
  /** Of a MariaDB instance of the benchmark's own; each shop makes schemas of its own in it. */
  adminUrl: string
  /** Where the proxy's route file is written. */
  folder: string
  name: string
  sagaStyle: 'orchestration' | 'choreography'
  /** `host:port` of Kafka; without it the broker is the log in MariaDB. */
  kafka: string | undefined
}

/** customers, catalog and orders behind the proxy, with products and customers that an order never exhausts. */
export type OrderShop = {
  /** The proxy. */
  url: string
  customers: readonly number[]
  skus: readonly string[]
  /** Processor time that all its processes have spent, in µs; undefined off Linux. */
  cpuMicros(): number | undefined
  close(): Promise<void>
}

const main = (path: string) => join(import.meta.dirname, '../../..', path)
const [customerCount, productCount] = [64, 32]

/** @throws ToolkitError PROCESS_FAILED */
export async function startOrderShop(options: OrderShopOptions): Promise<OrderShop> {
  const { adminUrl, folder, name, sagaStyle, kafka } = options
  const started: SupervisedProcess[] = []
  const urlOf = await createSchemas(adminUrl, name)
  const start = async (process: string, path: string, env: Record<string, string>, args: string[] = []) => {
    const spec = { name: process, main: main(path), env, args }
    // Its log is written and thrown away: writing it is part of what an order costs.
    const child = await startProcess(execPath, inherited, spec, () => {})
    started.push(child)
    return String(child.ready.url)
  }
  const close = async () => {
    for (const child of started.reverse()) await child.stop()
  }
  try {
    const broker: Record<string, string> =
      kafka === undefined
        ? { MESSAGING_URL: urlOf('messaging') }
        : { MESSAGING: 'kafka', KAFKA_BROKERS: kafka }
    const service = (which: string, env: Record<string, string> = {}) =>
      start(which, `extracted-services/${which}/src/main.ts`, {
        DATABASE_URL: urlOf(which),
        ...broker,
        ...env,
      })
    const [port] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const upstreams = {
      customers: await service('customers'),
      catalog: await service('catalog'),
      orders: await service('orders', { CAPABILITIES_URL: url, SAGA_STYLE: sagaStyle }),
    }
    await mkdir(folder, { recursive: true })
    const file = join(folder, `${name}.yaml`)
    await writeFile(file, routes(upstreams))
    const listen = ['--listen', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0']
    await start('proxy', 'strangler-proxy/src/main.ts', { STRANGLER_TOKEN: 'a-token-of-the-benchmark' }, [
      'proxy',
      '--config',
      file,
      ...listen,
    ])
    return {
      url,
      ...(await stock(url)),
      cpuMicros: () => {
        const spent = started.map(({ pid }) => cpuMicrosOf(pid))
        return spent.includes(undefined) ? undefined : spent.reduce((sum: number, one) => sum + (one ?? 0), 0)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function createSchemas(adminUrl: string, name: string): Promise<(service: string) => string> {
  const connection = await createConnection({ uri: adminUrl })
  const schemaOf = (service: string) => `${name}_${service}`.replace(/\W/g, '_')
  try {
    for (const service of ['customers', 'catalog', 'orders', 'messaging'])
      await connection.query(
        `CREATE DATABASE ${schemaOf(service)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      )
  } finally {
    await connection.end()
  }
  return service => new URL(`/${schemaOf(service)}`, adminUrl).href
}

function routes(upstreams: Record<'customers' | 'catalog' | 'orders', string>): string {
  const capability = (name: string, paths: readonly string[]) => `  ${name}:
    stage: extracted
    writes: extracted
    data: none
    routes:
${paths.map(path => `      - { rest: "${path}", effect: ${path.startsWith('GET') ? 'read' : 'write'}, legacy: ${name}, extracted: ${name} }`).join('\n')}`
  return `version: 1
upstreams:
${Object.entries(upstreams)
  .map(([name, url]) => `  ${name}: { url: "${url}" }`)
  .join('\n')}
default: orders
capabilities:
${capability('customers', ['POST /customers', 'ANY /customers/**'])}
${capability('catalog', ['POST /products', 'GET /products/{sku}', 'POST /reservations', 'ANY /reservations/**'])}
${capability('orders', ['POST /orders', 'GET /orders/{id}'])}
`
}

async function stock(url: string): Promise<Pick<OrderShop, 'customers' | 'skus'>> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.status !== 201) throw new Error(`POST ${path} was answered ${answer.status}`)
    return (await answer.json()) as { id: number; sku: string }
  }
  const customers: number[] = []
  const skus: string[] = []
  for (let n = 0; n < customerCount; n++)
    customers.push((await post('/customers', { name: `Customer ${n}`, creditLimit: '9999999999' })).id)
  for (let n = 0; n < productCount; n++)
    skus.push((await post('/products', { sku: `P-${n}`, name: `P ${n}`, price: '1.50', stock: 2e9 })).sku)
  return { customers, skus }
}
