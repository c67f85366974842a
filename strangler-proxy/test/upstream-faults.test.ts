import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { ask, sendRaw, startTestProxy, until } from './proxy-kit.ts'
import { startRawUpstream } from './raw-upstream.ts'

const broken: [string, string][] = [
  ['a bad status line', 'HTTP/1.1 abc\r\n\r\n'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a line break inside a header', 'HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
  ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['a head of a megabyte', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(1_000_000)}\r\nContent-Length: 0\r\n\r\n`],
]

test.each(broken)('answers 502 to %s', async (_name, bytes) => {
  await using upstream = await startRawUpstream(socket => socket.end(bytes))
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  const answer = await ask(proxy.url, '/x', { method: 'POST', body: 'once' })
  expect(answer.status).toBe(502)
  expect(answer.json).toMatchObject({ type: 'urn:problem:upstream-broken' })
  expect(answer.text).not.toContain(upstream.url.slice(7))
})

test.each([
  ['before its announced end', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
  ['within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf'],
  ['after a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'],
])('never ends a reply cleanly that the upstream cut %s', async (_name, bytes) => {
  await using upstream = await startRawUpstream(socket => socket.end(bytes))
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  const received = await sendRaw(proxy.url, 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n', 1_000)
  expect(received).not.toMatch(/\r\n0\r\n\r\n$/)
  expect(received.length).toBeLessThan(600)
  await expect(ask(proxy.url, '/x', { method: 'POST', body: 'x' })).rejects.toThrow()
})

test('a second reply that nobody asked for poisons no later request', async () => {
  const reply = (text: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  await using upstream = await startRawUpstream((socket, head, connection) =>
    socket.write(connection === 1 ? reply('first') + reply('poison') : reply(head.slice(4, 10))),
  )
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  const first = await ask(proxy.url, '/first').catch(() => undefined)
  expect(first?.text ?? 'first').toBe('first')
  for (let turn = 0; turn < 5; turn++) expect((await ask(proxy.url, '/again')).text).toBe('/again')
})

test('a flood of interim replies delays nothing and reaches nobody', async () => {
  await using upstream = await startRawUpstream(socket => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000))
    socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000))
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  const received = await sendRaw(proxy.url, 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n', 500)
  expect([200, 502]).toContain(Number(received.slice(9, 12)))
  expect(received).not.toContain('102 Processing')
})

test('passes a compressed bomb on as it came, and does not unpack it', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  await using upstream = await startRawUpstream(socket => {
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
    )
    socket.write(bomb)
  })
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  const before = process.memoryUsage().rss
  const answer = await ask(proxy.url, '/x')
  expect(answer.headers['content-length']).toBe(String(bomb.length))
  expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
})

test('a server that takes the request and closes is asked again for a read and never for a write', async () => {
  let asked = 0
  await using upstream = await startRawUpstream((socket, head) => {
    asked++
    if (head.startsWith('GET') && asked > 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else socket.destroy()
  })
  await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url } })
  expect((await ask(proxy.url, '/customers/1')).text).toBe('ok')
  asked = 0
  expect((await ask(proxy.url, '/customers', { method: 'POST', body: '{}' })).status).toBe(502)
  expect(await until(() => asked === 1)).toBe(true)
})
