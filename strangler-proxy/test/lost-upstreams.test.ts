import { createServer as createHttpServer } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { Pool } from 'undici'
import { ask, sendRaw, startTestProxy, until } from './proxy-kit.ts'
import { startRawUpstream } from './raw-upstream.ts'

test('an upstream that dies again and again under load runs no write twice, and reads are repeated', async () => {
  const done = new Map<string, number>()
  let dying = 0
  const server = createHttpServer((request, response) => {
    const id = String(request.headers['x-id'])
    request.resume().on('end', () => {
      done.set(id, (done.get(id) ?? 0) + 1)
      if (++dying % 7 === 0) request.socket.destroy()
      else response.end('ok')
    })
  })
  const upstream = await listen(server, 0, '127.0.0.1', 0)
  {
    await using proxy = await startTestProxy({ stage: 'extracted' }, { urls: { extracted: upstream.url } })
    const pool = new Pool(proxy.url, { connections: 16 })
    const statuses = new Map<string, number>()
    const write = async (id: string) => {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/customers',
        headers: { 'x-id': id },
        body: '{}',
      })
      await body.dump()
      statuses.set(id, statusCode)
    }
    for (let round = 0; round < 25; round++)
      await Promise.all(Array.from({ length: 16 }, (_, index) => write(`${round}-${index}`)))
    expect([...done.values()].filter(times => times > 1)).toEqual([])
    for (const [id, status] of statuses) if (status === 200) expect([id, done.get(id)]).toEqual([id, 1])
    expect([...statuses.values()].every(status => [200, 502, 503].includes(status))).toBe(true)
    dying = 0
    const reads = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ask(proxy.url, '/customers/1', { headers: { 'x-id': `r${index}` } }),
      ),
    )
    expect(reads.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(38)
    await pool.close()
  }
  await upstream.close()
}, 60_000)

test('an address that answers nothing costs the time to connect, and no more', async () => {
  // TEST-NET-1: nobody is there, and no network says so.
  await using proxy = await startTestProxy(
    { extra: 'timeouts: { connectMs: 200 }' },
    { urls: { legacy: 'http://192.0.2.1:81' } },
  )
  const since = performance.now()
  const { status, json } = await proxy.ask('/x', { method: 'POST', body: 'once' })
  expect([502, 504]).toContain(status)
  expect(json).toMatchObject({
    type: expect.stringMatching(/^urn:problem:upstream-(timeout|refused|broken)$/),
  })
  expect(performance.now() - since).toBeLessThan(5_000)
})

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'],
  ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody'],
])(
  'a reply to %s that has a body where none may be leaves no byte of it for the next one',
  async (method, reply) => {
    await using upstream = await startRawUpstream((socket, head) =>
      socket.write(head.includes('/odd') ? reply : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'),
    )
    await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
    const received = await sendRaw(
      proxy.url,
      `${method} /odd HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    expect(received).not.toContain('body')
    expect(received).toMatch(
      /HTTP\/1\.1 (200|204|304|502)[\s\S]*\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*\r\n\r\nfine$|HTTP\/1\.1 502/,
    )
    expect((await ask(proxy.url, '/again')).text).toBe('fine')
  },
)

test('trailers of a request stay behind, as RFC 9110 allows, and none becomes a header', async () => {
  await using proxy = await startTestProxy()
  const send = (trailers: string) =>
    sendRaw(
      proxy.url,
      `POST /x HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n${trailers}\r\n`,
    )
  await send('X-Sum: 7\r\n')
  expect(proxy.legacy.received).toMatchObject([{ body: 'body', headers: { host: 'x' } }])
  await send('Content-Length: 99\r\nHost: evil\r\nAuthorization: Bearer x\r\n')
  for (const { headers } of proxy.legacy.received)
    expect([headers.host, headers.trailer, headers['x-sum'], headers.authorization]).toEqual([
      'x',
      undefined,
      undefined,
      undefined,
    ])
})

test('asks for ranges and encodings as the client does, and passes br on as it came', async () => {
  await using proxy = await startTestProxy()
  const packed = brotliCompressSync('{"a":1}')
  proxy.legacy.answer = (_request, response) =>
    response
      .writeHead(206, {
        'content-encoding': 'br',
        'content-range': `bytes 0-${packed.length - 1}/99`,
        'accept-ranges': 'bytes',
        vary: 'Accept-Encoding',
        etag: 'W/"1"',
      })
      .end(packed)
  const wire =
    'GET /x HTTP/1.1\r\nHost: x\r\nRange: bytes=0-10\r\nIf-Range: "1"\r\nAccept-Encoding: br;q=1, gzip;q=0\r\nConnection: close\r\n\r\n'
  const received = await sendRaw(proxy.url, wire)
  expect(proxy.legacy.received[0]?.headers).toMatchObject({
    range: 'bytes=0-10',
    'if-range': '"1"',
    'accept-encoding': 'br;q=1, gzip;q=0',
  })
  expect(received).toMatch(/^HTTP\/1\.1 206/)
  expect(received).toContain('content-encoding: br')
  expect(received).toContain(packed.toString('latin1'))
})

test('a thousand connections that say nothing keep nobody else waiting', async () => {
  await using proxy = await startTestProxy()
  const { port } = new URL(proxy.url)
  const idle = Array.from({ length: 1_000 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}))
  expect(await until(() => idle.every(socket => socket.readyState === 'open'), 10_000)).toBe(true)
  for (let turn = 0; turn < 50; turn++) expect((await proxy.ask('/x')).status).toBe(200)
  for (const socket of idle) socket.destroy()
}, 30_000)
