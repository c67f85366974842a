import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { announceInstances } from '../src/discovery/announce-instances.ts'
import { createInstanceFinder } from '../src/discovery/find-instances.ts'

const token = 'may-register'
const log = createLog('test', 'silent')
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The registry as it is agreed: PUT repeats as heartbeat, DELETE, GET of the living. */
async function startRegistry(port = 0) {
  const known = new Map<string, { url: string; until: number }>()
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const [, service, id] = /^\/admin\/services\/([^/]+)\/instances(?:\/(.+))?$/.exec(request.url ?? '') ?? []
    asked.push(`${request.method} ${request.url}`)
    if (request.headers.authorization !== `Bearer ${token}` || service === undefined)
      return response.writeHead(401).end()
    const name = `${service}/${id}`
    if (request.method === 'PUT') {
      const { url, ttlMs } = JSON.parse(text) as { url: string; ttlMs: number }
      known.set(name, { url, until: performance.now() + ttlMs })
      return response.writeHead(200).end(JSON.stringify({ service, id, expiresInMs: ttlMs }))
    }
    if (request.method === 'DELETE') {
      known.delete(name)
      return response.writeHead(204).end()
    }
    const instances = [...known]
      .filter(([key, { until }]) => key.startsWith(`${service}/`) && until > performance.now())
      .map(([key, { url }]) => ({
        id: key.split('/')[1],
        url,
        expiresInMs: 1,
        zone: 'not known to the reader',
      }))
    response.writeHead(200).end(JSON.stringify({ service, instances }))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    known,
    asked,
    port: address.port,
    registry: { url: `http://127.0.0.1:${address.port}`, token },
    server,
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come to that within 10 s')
    await delay(5)
  }
}

const instance = { service: 'catalog', id: 'one', url: 'http://127.0.0.1:9401' }
const parts = { clock: systemClock, log, ttlMs: 90, retryMs: 10 }

test('registers, beats while it lives, and says goodbye', async () => {
  const { registry, known, asked } = await startRegistry()
  const announced = announceInstances([instance], { ...parts, registry })
  await until(() => asked.length >= 4)
  expect(new Set(asked)).toEqual(new Set(['PUT /admin/services/catalog/instances/one']))
  expect(known.get('catalog/one')?.url).toBe(instance.url)
  await announced.close()
  expect([asked.at(-1), known.size]).toEqual(['DELETE /admin/services/catalog/instances/one', 0])
})

test('keeps on asking a registry that is away, and can stop meanwhile', async () => {
  const first = await startRegistry()
  first.server.closeAllConnections()
  await new Promise<void>(resolve => first.server.close(() => resolve()))
  const away = announceInstances([instance], { ...parts, registry: first.registry })
  const leaving = announceInstances([{ ...instance, id: 'two' }], { ...parts, registry: first.registry })
  await leaving.close()
  const { known } = await startRegistry(first.port)
  await until(() => known.has('catalog/one'))
  expect([...known.keys()]).toEqual(['catalog/one'])
  await away.close()
})

test('finds instances in turn, and asks again only when what it knows is old', async () => {
  const { registry, known, asked } = await startRegistry()
  let now = 0
  const clock = { ...systemClock, elapsed: () => now }
  const find = createInstanceFinder('catalog', { registry, clock, log, cacheMs: 100 })
  await expect(find()).rejects.toMatchObject({ code: 'NO_INSTANCE' })
  known.set('catalog/one', { url: 'http://127.0.0.1:1', until: Number.POSITIVE_INFINITY })
  known.set('catalog/two', { url: 'http://127.0.0.1:2', until: Number.POSITIVE_INFINITY })
  await expect(find()).rejects.toMatchObject({ code: 'NO_INSTANCE' })
  now = 100
  const found = await Promise.all([find(), find(), find(), find()])
  expect(found.filter(url => url === 'http://127.0.0.1:1')).toHaveLength(2)
  expect(found.filter(url => url === 'http://127.0.0.1:2')).toHaveLength(2)
  expect(asked).toHaveLength(2)
})

test('goes on with what it knows while the registry is away', async () => {
  const { registry, known, server } = await startRegistry()
  known.set('catalog/one', { url: instance.url, until: Number.POSITIVE_INFINITY })
  const find = createInstanceFinder('catalog', { registry, clock: systemClock, log, cacheMs: 0 })
  expect(await find()).toBe(instance.url)
  server.closeAllConnections()
  await new Promise<void>(resolve => server.close(() => resolve()))
  expect(await find()).toBe(instance.url)
})

test('takes no for an answer from nobody who has not the right token', async () => {
  const { registry } = await startRegistry()
  const find = createInstanceFinder('catalog', {
    registry: { ...registry, token: 'other' },
    clock: systemClock,
    log,
  })
  await expect(find()).rejects.toMatchObject({ code: 'NO_INSTANCE' })
})
