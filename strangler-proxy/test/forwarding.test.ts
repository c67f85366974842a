import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { request } from 'undici'
import { sendRaw, soapMessage, soapRequest, startTestProxy, startUpstream, until } from './proxy-kit.ts'

/** An address on which nobody listens, and that no other test is given. */
const deadUrl = 'http://127.0.0.1:1'

/** A server that accepts and then behaves as told, byte by byte. */
async function rawUpstream(reply: string | undefined, end = true) {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      if (reply !== undefined) socket.write(reply)
      if (end && reply !== undefined) setTimeout(() => socket.destroy(), 20)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

test('strips hop-by-hop headers and those that Connection names, but no header that ends at the upstream', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await sendRaw(
    proxy.url,
    [
      'GET /customers/1 HTTP/1.1',
      'Host: shop.example',
      'Connection: close, X-Secret, Authorization, Cookie',
      'X-Secret: 1',
      'Authorization: Bearer abc',
      'Cookie: sid=1',
      'Keep-Alive: timeout=5',
      'Proxy-Authorization: Basic x',
      'TE: trailers',
      'X-Forwarded-For: 6.6.6.6',
      'X_Forwarded_For: 6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'Strangler-Rehearsal: 1',
      'Via: 1.0 before',
      '__proto__: 1',
      'constructor: 2',
      '',
      '',
    ].join('\r\n'),
  )
  const { headers } = proxy.extracted.received[0]!
  expect(headers).toMatchObject({
    host: 'shop.example',
    authorization: 'Bearer abc',
    cookie: 'sid=1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example',
    via: '1.0 before, 1.1 strangler',
    constructor: '2',
  })
  for (const name of [
    'x-secret',
    'keep-alive',
    'proxy-authorization',
    'te',
    'x-real-ip',
    'forwarded',
    'strangler-rehearsal',
    'x_forwarded_for',
  ])
    expect(Object.hasOwn(headers, name)).toBe(false)
})

test('strips the reply the same way and keeps what is repeated', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = (_request, response) =>
    response
      .writeHead(
        200,
        [
          ['Connection', 'X-Inner, keep-alive'],
          ['X-Inner', '1'],
          ['Proxy-Authenticate', 'x'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ].flat(),
      )
      .end('ok')
  const { headers } = await proxy.ask('/customers/1')
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
  expect(headers['x-inner']).toBeUndefined()
  expect(headers['proxy-authenticate']).toBeUndefined()
  expect(headers.via).toBe('1.1 strangler')
})

test('continues the trace of the caller, or begins one', async () => {
  await using proxy = await startTestProxy()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await proxy.ask('/customers/1', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
  await proxy.ask('/customers/1', { headers: { traceparent: 'nonsense' } })
  const [first, second] = proxy.legacy.received.map(({ headers }) => headers.traceparent)
  expect(first).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
  expect(second).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('answers 502 for a refused connection and 504 for a silent one: a problem to REST, a fault to SOAP', async () => {
  const refused = deadUrl
  await using silent = await rawUpstream(undefined)
  await using proxy = await startTestProxy(
    { stage: 'extracted', extra: 'timeouts: { headersMs: 150 }' },
    { urls: { legacy: refused, extracted: silent.url } },
  )
  const gone = await proxy.ask('/elsewhere')
  expect(gone.status).toBe(502)
  expect(gone.headers['content-type']).toBe('application/problem+json')
  expect(gone.json).toMatchObject({ type: 'urn:problem:upstream-refused', status: 502 })
  expect(gone.text).not.toContain('127.0.0.1')
  const late = await proxy.ask('/customers', { method: 'POST', body: '{}' })
  expect(late).toMatchObject({ status: 504, json: { type: 'urn:problem:upstream-timeout' } })
  const fault = await proxy.ask('/soap', soapRequest(soapMessage('CreateCustomer')))
  expect(fault.status).toBe(504)
  expect(fault.text).toContain('<faultcode>soap:Server</faultcode>')
  expect(proxy.logged.filter(({ msg }) => msg === 'request failed')).toMatchObject([
    { status: 502, trace_id: expect.any(String) },
    { status: 504 },
    { status: 504, operation: 'CreateCustomer' },
  ])
})

test.each([
  ['a bad status line', 'HTTP/1.1 abc\r\n\r\n'],
  ['a reply that is no HTTP', 'hello\r\n\r\n'],
  ['nothing but a closed connection', ''],
  ['two Content-Lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ['a header of 1 MB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`],
])('answers 502 for %s', async (_what, reply) => {
  await using upstream = await rawUpstream(reply)
  await using proxy = await startTestProxy({ stage: 'extracted' }, { urls: { extracted: upstream.url } })
  expect((await proxy.ask('/customers', { method: 'POST', body: '{}' })).status).toBe(502)
})

test('cuts the client off when the upstream breaks within a reply, instead of ending it as if it were whole', async () => {
  await using upstream = await rawUpstream('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
  await using proxy = await startTestProxy({ stage: 'extracted' }, { urls: { extracted: upstream.url } })
  await expect(proxy.ask('/customers/1')).rejects.toThrow()
})

test('serves a failed read of the extracted side from legacy while legacy owns the writes', async () => {
  await using proxy = await startTestProxy(
    { stage: 'canary', percent: 100, capabilityExtra: '    comparison: { sample: 0 }' },
    { urls: { extracted: deadUrl } },
  )
  const answer = await proxy.ask('/customers/1')
  expect(answer).toMatchObject({ status: 200, json: { side: 'legacy' } })
  expect(answer.headers['strangler-side']).toBe('legacy')
  const message = await proxy.ask('/soap', soapRequest(soapMessage('GetCustomer')))
  expect(message.json).toEqual({ side: 'legacy' })
  expect(proxy.logged.some(({ msg }) => msg === 'read fell back to legacy')).toBe(true)
})

test('falls back on a failure status too, though not for a SOAP fault, which is an answer', async () => {
  await using proxy = await startTestProxy({
    stage: 'canary',
    percent: 100,
    capabilityExtra: '    comparison: { sample: 0 }',
  })
  proxy.extracted.answer = (_request, response) => response.writeHead(500).end('x'.repeat(100_000))
  expect((await proxy.ask('/customers/1')).json).toEqual({ side: 'legacy' })
  expect((await proxy.ask('/soap', soapRequest(soapMessage('GetCustomer')))).status).toBe(500)
})

test('falls back for no read once the extracted side owns the writes, and for no write ever', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' }, { urls: { extracted: deadUrl } })
  expect((await proxy.ask('/customers/1')).status).toBe(502)
  expect((await proxy.ask('/customers', { method: 'POST', body: '{}' })).status).toBe(502)
  expect(proxy.legacy.received).toEqual([])
})

test('repeats a read whose connection broke, and never a write that was sent', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  let broken = 0
  proxy.extracted.answer = (_request, response, raw) => {
    if (broken++ % 2 === 0) raw.socket.destroy()
    else response.end('{"side":"extracted"}')
  }
  expect((await proxy.ask('/customers/1')).status).toBe(200)
  expect(proxy.extracted.received).toHaveLength(2)
  expect((await proxy.ask('/customers', { method: 'POST', body: '{}' })).status).toBe(502)
  expect(proxy.extracted.received).toHaveLength(3)
})

test('takes the servers of an upstream in turn and skips one that refuses, for writes as well', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  const other = await startUpstream('other')
  const dead = deadUrl
  await proxy.edit(text =>
    text.replace(
      /extracted: \{ url: "([^"]*)" \}/,
      (_all, url) => `extracted: { urls: ["${url}", "${other.url}", "${dead}"] }`,
    ),
  )
  await until(() => proxy.generations.current().number === 2)
  for (let turn = 0; turn < 9; turn++)
    expect((await proxy.ask('/customers', { method: 'POST', body: '{}' })).status).toBe(200)
  expect(proxy.extracted.received.length + other.received.length).toBe(9)
  expect(Math.min(proxy.extracted.received.length, other.received.length)).toBeGreaterThanOrEqual(3)
  await other.close()
})

test('rests an upstream that keeps failing, and asks it again when it is back', async () => {
  const { url, port, close } = await startUpstream('back')
  await close()
  await using proxy = await startTestProxy({ stage: 'extracted' }, { urls: { extracted: url } })
  for (let turn = 0; turn < 20; turn++) expect((await proxy.ask('/customers/1')).status).toBe(502)
  const resting = await proxy.ask('/customers/1')
  expect(resting).toMatchObject({ status: 503, json: { type: 'urn:problem:upstream-unavailable' } })
  const back = await startUpstream('back', port)
  expect(await until(async () => (await proxy.ask('/customers/1')).status === 200)).toBe(true)
  expect((await proxy.ask('/customers/1')).status).toBe(200)
  await back.close()
})

test('aborts the upstream when the client of a read leaves', async () => {
  await using proxy = await startTestProxy()
  let closed = 0
  proxy.legacy.answer = (_request, response) => {
    response.on('close', () => closed++)
    response.writeHead(200).write('x')
  }
  const controller = new AbortController()
  const asked = proxy.ask('/customers/1', { signal: controller.signal }).catch(() => 'left')
  await until(() => proxy.legacy.received.length === 1)
  controller.abort()
  expect(await asked).toBe('left')
  expect(await until(() => closed === 1)).toBe(true)
})

test('passes HEAD, 204, 304, ranges and compressed bodies through as they are', async () => {
  await using proxy = await startTestProxy()
  const packed = gzipSync('{"a":1}')
  proxy.legacy.answer = ({ method, url }, response) => {
    if (url === '/none') response.writeHead(204).end()
    else if (url === '/same') response.writeHead(304, { etag: '"1"' }).end()
    else if (url === '/part') response.writeHead(206, { 'content-range': 'bytes 0-1/4' }).end('ab')
    else
      response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length })
        .end(method === 'HEAD' ? undefined : packed)
  }
  expect((await proxy.ask('/none')).status).toBe(204)
  expect((await proxy.ask('/same')).headers.etag).toBe('"1"')
  expect(await proxy.ask('/part')).toMatchObject({ status: 206, text: 'ab' })
  const head = await proxy.ask('/zip', { method: 'HEAD' })
  expect(head.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(packed.length) })
  const whole = await sendRaw(proxy.url, 'GET /zip HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect(whole.endsWith(packed.toString('latin1'))).toBe(true)
})

test('passes early hints and trailers on', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('body')
    response.addTrailers({ 'x-sum': '7' })
    response.end()
  }
  const received = await sendRaw(proxy.url, 'GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect(received).toContain('103 Early Hints')
  expect(received.toLowerCase()).toContain('x-sum: 7')
})

/** What may be under way when nobody reads: socket buffers of both connections, and a stream's worth in between. */
const underWay = 24 * 1024 * 1024
const chunk = Buffer.alloc(65_536, 120)

test('takes no more of a request than its upstream reads', async () => {
  let start = () => {}
  let read = 0
  const slow = createHttpServer((request, response) => {
    start = () => {
      request.on('data', part => {
        read += part.length
      })
      request.on('end', () => response.end(String(read)))
    }
  })
  const { url, close } = await listen(slow, 0, '127.0.0.1', 0)
  {
    await using proxy = await startTestProxy({}, { urls: { legacy: url } })
    let sent = 0
    async function* chunks() {
      for (; sent < 4 * underWay; sent += chunk.length) yield chunk
    }
    const asked = proxy.ask('/upload', { method: 'POST', body: Readable.from(chunks()) })
    await new Promise(resolve => setTimeout(resolve, 400))
    expect(sent).toBeLessThan(underWay)
    start()
    expect((await asked).text).toBe(String(4 * underWay))
  }
  await close()
})

test('takes no more of a reply than its client reads', async () => {
  await using proxy = await startTestProxy()
  let sent = 0
  proxy.legacy.answer = (_request, response) => {
    const push = () => {
      while (sent < 4 * underWay) {
        sent += chunk.length
        if (!response.write(chunk)) return response.once('drain', push)
      }
      return response.end()
    }
    push()
  }
  const { body } = await request(new URL('/download', proxy.url))
  await new Promise(resolve => setTimeout(resolve, 400))
  expect(sent).toBeLessThan(underWay)
  let read = 0
  for await (const part of body) read += part.length
  expect(read).toBe(4 * underWay)
})

test('answers 413 for a body over the limit, announced or not, and stops reading', async () => {
  await using proxy = await startTestProxy({ extra: 'limits: { bodyBytes: 1000 }' })
  expect((await proxy.ask('/x', { method: 'POST', body: 'y'.repeat(1_001) })).status).toBe(413)
  const chunked = await sendRaw(
    proxy.url,
    `POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${'200\r\n'.concat('y'.repeat(512), '\r\n').repeat(4)}`,
  )
  expect(chunked).toContain('413 Payload Too Large')
})
