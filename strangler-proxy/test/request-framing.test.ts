import { expect, test } from '@jest/globals'
import { sendRaw, startTestProxy } from './proxy-kit.ts'

const marked = 'GET /second HTTP/1.1\r\nHost: x\r\n\r\n'

/** What must be refused with 4xx, or at most be read as one request: never as two. */
const smuggling: [string, string][] = [
  [
    'Content-Length and Transfer-Encoding',
    'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['two Content-Lengths', 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n'],
  ['a signed Content-Length', 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello'],
  ['a list as Content-Length', 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello'],
  [
    'an unknown transfer coding',
    'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  ],
  ['a folded header', 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
  ['a space before the colon', 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
  ['a bare LF', 'POST /a HTTP/1.1\nHost: x\nContent-Length: 0\n\n'],
  ['a NUL in a header', 'GET /a HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
  [
    'Transfer-Encoding in HTTP/1.0',
    'POST /a HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['HTTP/0.9', 'GET /a\r\n'],
  ['HTTP/1.2', 'GET /a HTTP/1.2\r\nHost: x\r\n\r\n'],
  ['a Host that stands twice', 'GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
  ['no Host', 'GET /a HTTP/1.1\r\n\r\n'],
  ['an absolute form of another host', 'GET http://evil/a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['two slashes', 'GET //evil/a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['dot segments', 'GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an encoded slash', 'GET /a%2f..%2fb HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a backslash', 'GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an asterisk with a path', 'OPTIONS */a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['TRACE', 'TRACE /a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n'],
]

test.each(smuggling)('refuses %s, closes, and lets nothing behind it through', async (_what, bytes) => {
  await using proxy = await startTestProxy()
  const received = await sendRaw(proxy.url, bytes + marked, 150)
  // Without a status line the connection was cut, which is as good a refusal.
  expect(received === '' || /^HTTP\/1\.1 (4\d\d|505)/.test(received)).toBe(true)
  expect(proxy.legacy.received).toEqual([])
  expect(proxy.extracted.received).toEqual([])
})

test.each(['DELETE', 'OPTIONS', 'GET', 'POST'])(
  'frames a chunked %s anew, so that its body cannot become a request (CVE-2026-29057)',
  async method => {
    await using proxy = await startTestProxy()
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const bytes = `${method} /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
    const received = await sendRaw(proxy.url, bytes + marked, 250)
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(proxy.legacy.received.map(({ url, body }) => [url, body])).toEqual([
      ['/a', smuggled],
      ['/second', ''],
    ])
  },
)

test('answers pipelined requests in order', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = ({ url }, response) => {
    setTimeout(() => response.end(url), url === '/0' ? 60 : 0)
  }
  const bytes = Array.from({ length: 5 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')
  const received = await sendRaw(proxy.url, bytes, 250)
  expect(received.match(/\r\n\/\d|\/\d(?=\r\n0)/g)?.map(found => found.trim())).toEqual([
    '/0',
    '/1',
    '/2',
    '/3',
    '/4',
  ])
})

test('passes a reply on that comes before the request has ended', async () => {
  await using proxy = await startTestProxy()
  const bytes = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf'
  const { createServer } = await import('node:http')
  const eager = createServer((_request, response) => response.writeHead(409).end('no'))
  await new Promise<void>(resolve => eager.listen(0, '127.0.0.1', resolve))
  const { port } = eager.address() as { port: number }
  await proxy.edit(text =>
    text.replace(/legacy: {4}\{ url: "[^"]*" \}/, `legacy: { url: "http://127.0.0.1:${port}" }`),
  )
  await proxy.admin('POST', '/admin/reload')
  const received = await sendRaw(proxy.url, bytes, 250)
  expect(received).toContain('409 Conflict')
  eager.close()
  eager.closeAllConnections()
})

test('limits headers and targets: 431 and 414', async () => {
  await using proxy = await startTestProxy()
  const long = await sendRaw(proxy.url, `GET /a HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`)
  expect(long).toContain('431')
  const target = await sendRaw(proxy.url, `GET /${'y'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  expect(target).toContain('414')
  const huge = await sendRaw(proxy.url, `GET /${'y'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  expect(huge).toContain('414')
  const many = await sendRaw(proxy.url, `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(2_000)}\r\n`)
  expect(many).toContain('431')
  expect(proxy.legacy.received).toEqual([])
})

test('answers a thousand pipelined requests, each once and in order', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = ({ url }, response) => response.end(`<${url}>`)
  let requests = ''
  for (let index = 0; index < 1_000; index++) requests += `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`
  const received = await sendRaw(proxy.url, requests, 2_000)
  expect([...received.matchAll(/<\/(\d+)>/g)].map(([, index]) => Number(index))).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index),
  )
  expect(proxy.legacy.received).toHaveLength(1_000)
}, 30_000)

test('an Expect that is not 100-continue, or is written in another way, makes nobody wait or skip a body', async () => {
  await using proxy = await startTestProxy()
  for (const expectation of [
    '100-continue',
    '100-CONTINUE',
    'y 100-continue',
    '100-continue, x',
    'something',
  ]) {
    const received = await sendRaw(
      proxy.url,
      `POST /x HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: 37\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: xx\r\n\r\n\r\n`,
      400,
    )
    expect([expectation, received]).toEqual([expectation, expect.stringMatching(/HTTP\/1\.1 (200|417)/)])
  }
  expect(proxy.legacy.received.filter(({ url }) => url !== '/x')).toEqual([])
  expect(proxy.legacy.received.every(({ headers }) => headers.expect === undefined)).toBe(true)
}, 30_000)
