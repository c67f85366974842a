import { createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { createHttpExchange, defaultLimits } from '../src/http/http-exchange.ts'
import { startUpstream } from './shop-fixtures.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function exchangeWith(
  answer: Parameters<typeof startUpstream>[0],
  limits: Partial<typeof defaultLimits> = {},
) {
  const upstream = await startUpstream(answer)
  const exchange = createHttpExchange(upstream.url, { ...defaultLimits, ...limits })
  opened.push(upstream, exchange)
  return { upstream, send: () => exchange.send({ method: 'POST', path: '/x', headers: {}, body: 'b' }) }
}

test('gives up on a reply that does not begin in time, and does not send twice', async () => {
  const { upstream, send } = await exchangeWith(() => {}, { totalMs: 1_000 })
  await expect(send()).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT', details: { totalMs: 1_000 } })
  expect(upstream.received).toHaveLength(1)
})

test('gives up on a reply that trickles in', async () => {
  const { send } = await exchangeWith(
    (_, response) => {
      const trickle = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(trickle))
    },
    { totalMs: 800 },
  )
  await expect(send()).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
})

test('gives up on a reply over the limit', async () => {
  const { send } = await exchangeWith((_, response) => void response.end('x'.repeat(100_000)), {
    replyBytes: 50_000,
  })
  await expect(send()).rejects.toMatchObject({ code: 'UPSTREAM_REPLY_TOO_LARGE' })
})

test('tells a closed connection from one that was never made', async () => {
  const { send } = await exchangeWith((_, response) => void response.destroy())
  await expect(send()).rejects.toMatchObject({ code: 'UPSTREAM_CLOSED' })
  const nobody = createHttpExchange('http://127.0.0.1:1')
  opened.push(nobody)
  await expect(nobody.send({ method: 'GET', path: '/', headers: {} })).rejects.toMatchObject({
    code: 'UPSTREAM_UNREACHABLE',
  })
})

test('takes what is no HTTP for a closed connection', async () => {
  const server = createTcpServer(socket => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n')).listen(0)
  const { port } = server.address() as { port: number }
  const exchange = createHttpExchange(`http://127.0.0.1:${port}`)
  opened.push({ close: async () => void server.close() }, exchange)
  await expect(exchange.send({ method: 'GET', path: '/', headers: {} })).rejects.toMatchObject({
    code: 'UPSTREAM_CLOSED',
  })
})

test('keeps connections alive', async () => {
  const sockets = new Set<unknown>()
  const { send } = await exchangeWith((_, response) => {
    sockets.add(response.socket)
    response.end('ok')
  })
  for (let count = 0; count < 20; count += 1) expect((await send()).body.toString()).toBe('ok')
  expect(sockets.size).toBeLessThan(4)
})
