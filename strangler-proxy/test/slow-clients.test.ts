import { connect, type Socket } from 'node:net'
import { expect, test } from '@jest/globals'
import { ask, startTestProxy, until } from './proxy-kit.ts'

const open = (url: string): Socket & { received: string } => {
  const socket = Object.assign(connect(Number(new URL(url).port), '127.0.0.1'), { received: '' })
  socket.on('data', chunk => {
    socket.received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  return socket
}

test('cuts heads that drip and connections that say nothing', async () => {
  await using proxy = await startTestProxy({ extra: 'timeouts: { requestHeadersMs: 400 }' })
  const drip = open(proxy.url)
  drip.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const drops = setInterval(() => drip.write('a: b\r\n'), 100)
  const silent = open(proxy.url)
  const since = performance.now()
  await until(() => drip.closed && silent.closed, 5_000)
  clearInterval(drops)
  expect(performance.now() - since).toBeLessThan(3_000)
  expect(drip.received).toMatch(/^HTTP\/1\.1 408/)
  expect(proxy.legacy.received).toEqual([])
}, 20_000)

test('answers 408 to a body that drips, and aborts its upstream; a steady one passes', async () => {
  await using proxy = await startTestProxy({ extra: 'limits: { bodyBytesPerSecond: 20, bodyRateMs: 600 }' })
  const drip = open(proxy.url)
  drip.write('POST /customers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n')
  const steady = open(proxy.url)
  steady.write('POST /customers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n')
  const drops = setInterval(() => {
    drip.write('.')
    steady.write('.'.repeat(10))
  }, 250)
  await until(() => drip.closed, 9_000)
  await until(() => steady.received !== '', 5_000)
  clearInterval(drops)
  steady.destroy()
  expect(drip.received).toMatch(/^HTTP\/1\.1 408[\s\S]*urn:problem:body-too-slow/)
  expect(steady.received).toMatch(/^HTTP\/1\.1 200/)
  expect(proxy.legacy.received.map(({ body }) => body.length)).toEqual([100])
}, 30_000)

test('a client that its upstream keeps waiting is not slow', async () => {
  await using proxy = await startTestProxy({
    extra: 'limits: { bodyBytesPerSecond: 1000000, bodyRateMs: 200 }',
  })
  const { createServer } = await import('node:http')
  const { listen } = await import('@strangler/kit/listen.ts')
  const slow = createServer((request, response) => {
    setTimeout(() => request.resume().on('end', () => response.end('read')), 900)
  })
  const upstream = await listen(slow, 0, '127.0.0.1', 0)
  await proxy.edit(text => text.replace(/legacy: {4}\{ url: "[^"]+"/, `legacy:    { url: "${upstream.url}"`))
  await until(() => proxy.generations.current().number === 2)
  const answer = await ask(proxy.url, '/x', { method: 'POST', body: Buffer.alloc(8_000_000) })
  expect(answer.text).toBe('read')
  await upstream.close()
}, 30_000)

test('closes connections over the limit, counts them, and serves those within it', async () => {
  await using proxy = await startTestProxy({ extra: 'limits: { connections: 3 }' })
  const idle = [open(proxy.url), open(proxy.url)]
  await until(() => idle.every(socket => socket.readyState === 'open'))
  expect((await ask(proxy.url, '/x')).status).toBe(200)
  const more = [open(proxy.url), open(proxy.url), open(proxy.url)]
  await until(() => more.filter(socket => socket.closed).length >= 2)
  expect(more.filter(socket => socket.closed).length).toBeGreaterThanOrEqual(2)
  for (const socket of [...idle, ...more]) socket.destroy()
  await until(async () => (await ask(proxy.url, '/x').catch(() => undefined))?.status === 200)
  const metrics = (await ask(proxy.adminUrl, '/metrics')).text
  expect(metrics).toMatch(/strangler_connections_refused_total [1-9]/)
}, 20_000)

test('clients that leave early, many times over, leave nothing behind', async () => {
  await using proxy = await startTestProxy()
  const closed = new Set<number>()
  let begun = 0
  proxy.legacy.answer = (_request, response, raw) => {
    const number = begun++
    raw.socket.once('close', () => closed.add(number))
    response.writeHead(200).write('begun')
  }
  const rounds = 300
  for (let round = 0; round < rounds; round += 50)
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = open(proxy.url)
        socket.write('GET /customers/1 HTTP/1.1\r\nHost: x\r\n\r\n')
        await until(() => socket.received.includes('begun'), 10_000)
        socket.destroy()
      }),
    )
  expect(begun).toBe(rounds)
  expect(await until(() => closed.size === rounds, 10_000)).toBe(true)
  proxy.legacy.answer = (_request, response) => response.end('fine')
  expect((await proxy.ask('/customers/1')).text).toBe('fine')
  expect((await proxy.admin('GET', '/admin/status')).json).toMatchObject({
    capabilities: [{ inflightWrites: 0, breaker: { legacy: 'closed' } }],
  })
}, 60_000)
