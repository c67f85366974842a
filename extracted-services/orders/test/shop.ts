import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'

export type Name = 'customers' | 'catalog' | 'orders'
type Route = (method: string, path: string) => string | undefined
type Tap = (moment: 'before' | 'after', method: string, path: string) => void

export type Json = Record<string, unknown>
export type HttpAnswer = { status: number; headers: Headers; body: Json }

/** customers, catalog and orders as processes with a schema each, behind one address as the proxy is. */
export type Shop = {
  /** What stands where the proxy does. */
  url: string
  ordersUrl(): string
  messaging: TestSchema
  schemas: Record<Name, TestSchema>
  start(name: Name, env?: Record<string, string>): Promise<string>
  /** Any other process of the repository, by its main; resolves with what it says when it is ready. */
  startMain(main: string, env: Record<string, string>): Promise<Json>
  /** kill -9. */
  kill(name: Name): Promise<void>
  /** Where requests go instead; undefined leaves them where they went. */
  route: { divert: Route | undefined; tap: Tap | undefined }
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<HttpAnswer>
  customer(creditLimit: string): Promise<number>
  product(sku: string, price: string, stock: number): Promise<void>
  stockOf(sku: string): Promise<number>
  close(): Promise<void>
}

export async function startShop(adminUrl: string | undefined): Promise<Shop> {
  const [orders, customers, catalog, messaging] = await Promise.all(
    Array.from({ length: 4 }, () => createTestSchema(adminUrl)),
  )
  const schemas = { orders: orders!, customers: customers!, catalog: catalog! }
  const others: ChildProcess[] = []
  const processes = new Map<Name, { child: ChildProcess; url: string }>()
  // Others publish to the log as the service's account; a test gives each account the log's schema.
  for (const { name } of Object.values(schemas))
    await messaging!.admin(`GRANT ALL ON ${messaging!.name}.* TO ${name}@'127.0.0.1'`)
  const messagingUrl = (name: Name) => {
    const url = new URL(schemas[name].url)
    url.pathname = `/${messaging!.name}`
    return url.href
  }
  const route: Shop['route'] = { divert: undefined, tap: undefined }
  const front = await startFront(route, (method, path) => {
    const diverted = route.divert?.(method, path)
    if (diverted !== undefined) return diverted
    const name: Name = path.startsWith('/customers')
      ? 'customers'
      : path.startsWith('/order')
        ? 'orders'
        : 'catalog'
    return processes.get(name)?.url
  })
  const { port } = front.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: JSON.parse(text || '{}') as Json }
  }

  return {
    url,
    messaging: messaging!,
    schemas,
    route,
    call,
    ordersUrl: () => processes.get('orders')?.url ?? '',
    start: async (name, env = {}) => {
      const { child, ready } = await startProcess(`extracted-services/${name}/src/main.ts`, {
        DATABASE_URL: schemas[name].url,
        MESSAGING_URL: messagingUrl(name),
        CAPABILITIES_URL: url,
        ...env,
      })
      processes.set(name, { child, url: String(ready.url) })
      return String(ready.url)
    },
    startMain: async (main, env) => {
      const { child, ready } = await startProcess(main, env)
      others.push(child)
      return ready
    },
    kill: async name => {
      const { child } = processes.get(name)!
      processes.delete(name)
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    customer: async creditLimit =>
      Number((await call('POST', '/customers', { name: 'Ann', creditLimit })).body.id),
    product: async (sku, price, stock) =>
      void (await call('POST', '/products', { sku, name: sku, price, stock })),
    stockOf: async sku => Number((await call('GET', `/products/${sku}`)).body.stock),
    close: async () => {
      for (const child of [...[...processes.values()].map(each => each.child), ...others]) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      front.closeAllConnections()
      front.close()
      for (const schema of [...Object.values(schemas), messaging!]) await schema.drop()
    },
  }
}

async function startProcess(
  main: string,
  env: Record<string, string>,
): Promise<{ child: ChildProcess; ready: Json }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../..', main)], {
    env,
    stdio: ['ignore', 'pipe', process.env.SHOP_LOG === undefined ? 'ignore' : 'inherit'],
  })
  const [line] = await once(child.stdout!, 'data')
  return { child, ready: JSON.parse(String(line)) as Json }
}

async function startFront(taps: { tap: Tap | undefined }, route: Route): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const [verb, path] = [incoming.method ?? '', incoming.url ?? '']
    taps.tap?.('before', verb, path)
    const target = route(verb, path)
    if (target === undefined) {
      outgoing.writeHead(502).end()
      return
    }
    const { method, headers } = incoming
    const onward = request(new URL(incoming.url ?? '', target), {
      method: method ?? 'GET',
      headers,
      agent: false,
    })
    onward.on('response', answer => {
      taps.tap?.('after', verb, path)
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing).on('error', () => {})
    })
    onward.on('error', () => outgoing.headersSent || outgoing.writeHead(502).end())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Resolves as soon as `condition` holds; fails after `withinMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not come to that within ${withinMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
