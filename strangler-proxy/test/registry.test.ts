import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { expect, test } from '@jest/globals'
import { createAllowedPlaces } from '../src/discovery/allowed-places.ts'
import { createServiceRegistry } from '../src/discovery/service-registry.ts'
import { ask, startTestProxy, startUpstream, type TestProxy, until } from './proxy-kit.ts'

const registrant = 'a-token-of-a-registrant'

function caller(proxy: TestProxy, bearer = registrant) {
  return (method: 'GET' | 'PUT' | 'DELETE' | 'POST', path: string, body?: object) =>
    ask(proxy.adminUrl, path, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
}

/** Lets the upstream `legacy` be found in another way than by its URL. */
const found = (how: string) => (text: string) =>
  text.replace(/legacy: +\{ url: "[^"]*" \}/, `legacy: { ${how} }`)

test('an instance is known as long as it beats, and its end is told once', async () => {
  let now = 0
  let changes = 0
  const registry = createServiceRegistry(
    () => now,
    () => changes++,
  )
  registry.put({ service: 'catalog', id: 'a', url: 'http://10.0.0.1:1' }, 1_000)
  registry.put({ service: 'catalog', id: 'b', url: 'http://10.0.0.1:2' }, 40)
  registry.put({ service: 'catalog', id: 'a', url: 'http://10.0.0.1:1' }, 1_000)
  expect(changes).toBe(2)
  now = 30
  expect(registry.instancesOf('catalog')).toEqual([
    { id: 'a', url: 'http://10.0.0.1:1', expiresInMs: 970 },
    { id: 'b', url: 'http://10.0.0.1:2', expiresInMs: 10 },
  ])
  now = 100
  expect(await until(() => changes === 3)).toBe(true)
  expect(registry.services()).toEqual([{ name: 'catalog', instances: 1 }])
  registry.remove('catalog', 'a')
  registry.remove('catalog', 'a')
  expect([changes, registry.services()]).toEqual([4, []])
  registry.close()
})

test('serves from the instances that register, follows them as they come and go, and keeps them over a reload', async () => {
  await using proxy = await startTestProxy({}, { registrantToken: registrant })
  const [one, two] = [await startUpstream('one'), await startUpstream('two')]
  const call = caller(proxy)
  await proxy.edit(found('service: catalog'))
  await until(() => proxy.generations.current().number === 2)
  const none = await proxy.ask('/x')
  expect(none).toMatchObject({ status: 503, json: { type: 'urn:problem:no-instance' } })
  expect(none.headers['retry-after']).toBe('1')

  const place = (id: string) => `/admin/services/catalog/instances/${id}`
  expect(await call('PUT', place('one'), { url: one.url, ttlMs: 30_000 })).toMatchObject({
    status: 200,
    json: { service: 'catalog', id: 'one', expiresInMs: 30_000 },
  })
  expect((await proxy.ask('/x')).json).toEqual({ side: 'one' })
  await call('PUT', place('two'), { url: two.url, ttlMs: 30_000 })
  await proxy.edit(text => `${text}# touched\n`)
  await until(() => proxy.generations.current().number === 3)
  const sides = new Set<string>()
  for (let turn = 0; turn < 4; turn++) sides.add((await proxy.ask('/x')).text)
  expect(sides.size).toBe(2)
  expect((await call('GET', '/admin/services')).json).toEqual({
    services: [{ name: 'catalog', instances: 2 }],
  })
  expect((await call('GET', '/admin/services/catalog/instances')).json).toMatchObject({
    service: 'catalog',
    instances: [{ id: 'one', url: one.url }, { id: 'two' }],
  })
  expect((await proxy.admin('GET', '/admin/status')).json).toMatchObject({
    upstreams: [
      { name: 'legacy', found: 'service catalog', instances: [{ healthy: true }, { healthy: true }] },
      {},
    ],
  })
  expect((await call('DELETE', place('one'))).status).toBe(204)
  for (let turn = 0; turn < 3; turn++) expect((await proxy.ask('/x')).json).toEqual({ side: 'two' })
  await Promise.all([one.close(), two.close()])
})

test('an instance that breaks is passed over and, without heartbeats, forgotten; a restart forgets nobody', async () => {
  await using proxy = await startTestProxy({}, { registrantToken: registrant })
  const one = await startUpstream('one')
  const gone = await startUpstream('gone')
  await gone.close()
  const call = caller(proxy)
  await proxy.edit(found('service: catalog'))
  await until(() => proxy.generations.current().number === 2)
  await call('PUT', '/admin/services/catalog/instances/one', { url: one.url, ttlMs: 60_000 })
  await call('PUT', '/admin/services/catalog/instances/gone', { url: gone.url, ttlMs: 1_000 })
  for (let turn = 0; turn < 4; turn++) expect((await proxy.ask('/x')).status).toBe(200)
  const known = async () => (await call('GET', '/admin/services')).json
  expect(
    await until(
      async () => JSON.stringify(await known()) === '{"services":[{"name":"catalog","instances":1}]}',
    ),
  ).toBe(true)
  const again = await proxy.restart()
  expect((await ask(again.url, '/x')).json).toEqual({ side: 'one' })
  await one.close()
})

test('a registrant may register and nothing else; nobody registers what could not be served', async () => {
  await using proxy = await startTestProxy(
    { extra: 'registry: { allow: ["127.0.0.0/8", "*.internal"] }' },
    { registrantToken: registrant, viewerToken: 'a-token-of-a-viewer' },
  )
  const call = caller(proxy)
  const url = 'http://127.0.0.1:9'
  for (const [method, path] of [
    ['GET', '/admin/status'],
    ['POST', '/admin/reload'],
    ['GET', '/admin/servicesX'],
  ] as const)
    expect(await call(method, path)).toMatchObject({ status: 403, json: { code: 'FORBIDDEN' } })
  const viewer = caller(proxy, 'a-token-of-a-viewer')
  expect((await viewer('GET', '/admin/services')).status).toBe(200)
  const place = '/admin/services/catalog/instances/one'
  expect((await viewer('PUT', place, { url, ttlMs: 5_000 })).status).toBe(403)
  for (const body of [
    { url, ttlMs: 999 },
    { url, ttlMs: 60_001 },
    { url: 'http://127.0.0.1/path', ttlMs: 5_000 },
    { url: 'unix:/run/x', ttlMs: 5_000 },
    { url: 'gopher://127.0.0.1', ttlMs: 5_000 },
    { url: 'http://user:pw@127.0.0.1', ttlMs: 5_000 },
    { url: 'http://169.254.169.254', ttlMs: 5_000 },
    { url: 'http://[::ffff:a9fe:a9fe]', ttlMs: 5_000 },
    { url: 'http://0xa9fea9fe', ttlMs: 5_000 },
    { url: 'http://10.0.0.1', ttlMs: 5_000 },
    { url: 'http://elsewhere.example', ttlMs: 5_000 },
    { url, ttlMs: 5_000, role: 'operator' },
  ])
    expect([body, (await call('PUT', place, body)).status]).toEqual([body, 400])
  expect((await call('PUT', '/admin/services/Catalog/instances/one', { url, ttlMs: 5_000 })).status).toBe(400)
  expect((await call('PUT', '/admin/services/catalog/instances/%2e%2e', { url, ttlMs: 5_000 })).status).toBe(
    404,
  )
  expect((await call('PUT', place, { url, ttlMs: 5_000 })).status).toBe(200)
  expect((await call('PUT', place, { url: 'http://a.internal', ttlMs: 5_000 })).status).toBe(200)
})

test('a name that leads to a forbidden address is not connected to, wherever it led before', async () => {
  const resolved = (allow: string[] | undefined, host: string) =>
    new Promise<string>(resolve => {
      createAllowedPlaces(allow).lookup(host, { all: false }, (error, address) =>
        resolve(error === null ? String(address) : (error.code ?? '')),
      )
    })
  expect(await resolved(undefined, 'localhost')).toMatch(/^(127\.0\.0\.1|::1)$/)
  expect(await resolved(['10.0.0.0/8'], 'localhost')).toBe('EHOSTUNREACH')
  expect(await resolved(['10.0.0.0/8', 'localhost'], 'localhost')).toMatch(/^(127\.0\.0\.1|::1)$/)
  await using proxy = await startTestProxy({}, { registrantToken: registrant })
  const one = await startUpstream('one')
  await proxy.edit(found('service: catalog'))
  await until(() => proxy.generations.current().number === 2)
  const { port } = new URL(one.url)
  const call = caller(proxy)
  await call('PUT', '/admin/services/catalog/instances/one', {
    url: `http://localhost:${port}`,
    ttlMs: 60_000,
  })
  expect((await proxy.ask('/x')).json).toEqual({ side: 'one' })
  await proxy.edit(text =>
    text.replace('capabilities:', 'registry: { allow: ["10.0.0.0/8"] }\ncapabilities:'),
  )
  await until(() => proxy.generations.current().number === 3)
  await one.close()
  expect((await proxy.ask('/x')).status).toBeGreaterThanOrEqual(502)
})

/** A DNS server that answers every question with the same SRV records, or says that the name is not there. */
async function startDns() {
  const records: { priority: number; port: number }[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, { port, address }) => {
    const end = message.indexOf(0, 12) + 5
    const head = Buffer.from(message.subarray(0, 12))
    head.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(records.length, 6)
    head.fill(0, 8)
    const answers = records.map(record => {
      const target = Buffer.from('\x09localhost\x00', 'latin1')
      const fixed = Buffer.alloc(18)
      fixed.writeUInt16BE(0xc00c, 0)
      fixed.writeUInt16BE(33, 2)
      fixed.writeUInt16BE(1, 4)
      fixed.writeUInt32BE(1, 6)
      fixed.writeUInt16BE(6 + target.length, 10)
      fixed.writeUInt16BE(record.priority, 12)
      fixed.writeUInt16BE(1, 14)
      fixed.writeUInt16BE(record.port, 16)
      return Buffer.concat([fixed, target])
    })
    socket.send(Buffer.concat([head, message.subarray(12, end), ...answers]), port, address)
  })
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const resolver = new Resolver({ timeout: 300, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  return {
    records,
    resolveSrv: (name: string) => resolver.resolveSrv(name),
    async [Symbol.asyncDispose]() {
      await new Promise<void>(resolve => socket.close(() => resolve()))
    },
  }
}

test('finds servers by DNS SRV, those of the best priority, follows changes, and keeps them while DNS is silent', async () => {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')]
  const dns = await startDns()
  dns.records.push(
    { priority: 1, port: Number(new URL(one.url).port) },
    { priority: 2, port: Number(new URL(two.url).port) },
  )
  await using proxy = await startTestProxy({}, { resolveSrv: dns.resolveSrv })
  await proxy.edit(found('srv: "_http._tcp.catalog.internal", refreshMs: 100'))
  expect(await until(async () => (await proxy.ask('/x')).text === '{"side":"one"}')).toBe(true)
  dns.records.shift()
  expect(await until(async () => (await proxy.ask('/x')).text === '{"side":"two"}')).toBe(true)
  await dns[Symbol.asyncDispose]()
  expect(
    await until(() => proxy.logged.some(({ msg }) => String(msg).startsWith('DNS does not answer'))),
  ).toBe(true)
  expect((await proxy.ask('/x')).json).toEqual({ side: 'two' })
  await Promise.all([one.close(), two.close()])
})

test('a name that DNS does not know has no server: 503, until it has one', async () => {
  await using dns = await startDns()
  await using proxy = await startTestProxy({}, { resolveSrv: dns.resolveSrv })
  await proxy.edit(found('srv: "_http._tcp.catalog.internal", refreshMs: 100'))
  await until(() => proxy.generations.current().number === 2)
  expect((await proxy.ask('/x')).json).toMatchObject({ type: 'urn:problem:no-instance' })
  dns.records.push({ priority: 1, port: Number(new URL(proxy.legacy.url).port) })
  expect(await until(async () => (await proxy.ask('/x')).status === 200)).toBe(true)
})
