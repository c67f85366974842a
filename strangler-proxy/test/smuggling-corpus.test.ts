import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sendRaw, startTestProxy, type TestProxy } from './proxy-kit.ts'
import { pathOf, startStrictUpstream, strictPaths } from './strict-upstream.ts'

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const second = 'GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

/** Ways to write the header that one server reads and another one overlooks. */
const codings = [
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0b',
  'Transfer-Encoding:\x00chunked',
  'Transfer-Encoding: \x00chunked',
  'Transfer\x00-Encoding: chunked',
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: chunked;x=1',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked, identity',
  'Transfer-Encoding: chunked, cow',
  'Transfer-Encoding: cow',
  'Transfer-Encoding: chunk',
  'Transfer-Encoding: nchunked',
  'Transfer-Encoding: chunkedchunked',
  'Transfer-Encoding:\n chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding:\r\n\tchunked',
  'Foo: bar\r\n Transfer-Encoding: chunked',
  'Foo: bar\rTransfer-Encoding: chunked',
  'Foo: bar\nTransfer-Encoding: chunked',
  ' Transfer-Encoding: chunked',
  '\tTransfer-Encoding: chunked',
  'X:X\rTransfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding;: chunked',
  'Transfer-Encoding',
  'Transfer-Encoding:',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Content-Encoding: chunked',
  'TransferEncoding: chunked',
  'tRANSFER-eNCODING: chunked',
]
const lengths = [
  'Content-Length: 0\r\nContent-Length: 44',
  'Content-Length: 44\r\nContent-Length: 0',
  'Content-Length: 0, 44',
  'Content-Length: +0',
  'Content-Length: -0',
  'Content-Length: -1',
  'Content-Length: 0x2c',
  'Content-Length: 4e1',
  'Content-Length: 4 4',
  'Content-Length: 44.0',
  'Content-Length: 0_0',
  'Content-Length:',
  'Content-Length: ',
  'Content-Length: "44"',
  'Content-Length: 18446744073709551616',
  'Content-Length: 99999999999999999999',
  'Content-Length : 44',
  'Content-Length\t: 44',
  'Content-Length:\x0b44',
  'Content-Length: 44\x00',
  'Content\x00-Length: 44',
  'Content-Length:\r\n 44',
  'Foo: bar\r\n Content-Length: 44',
  'Foo: bar\nContent-Length: 44',
  'Content_Length: 44',
]
const chunks = [
  '5\r\nhello\r\n0\r\n\r\n',
  '05\r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '+5\r\nhello\r\n0\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\n\r\n',
  '5;a="\r\n"\r\nhello\r\n0\r\n\r\n',
  '5;\n\r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '5\r\nhello0\r\n\r\n',
  '5\r\nhello\n0\r\n\r\n',
  '5\rhello\r0\r\r',
  '\r\n5\r\nhello\r\n0\r\n\r\n',
  'FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n',
  '100000005\r\nhello\r\n0\r\n\r\n',
  'g\r\nhello\r\n0\r\n\r\n',
  '\r\n',
  '5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n',
  '5\r\nhello\r\n0\r\nX: y\n\r\n',
  '5\r\nhello\r\n00000\r\n\r\n',
]

const vectors: string[] = [
  ...codings.map(
    coding =>
      `POST /a HTTP/1.1\r\nHost: x\r\n${coding}\r\nContent-Length: ${smuggled.length + 5}\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  ...codings.map(
    coding => `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n${coding}\r\n\r\n0\r\n\r\n${smuggled}`,
  ),
  ...codings.map(coding => `GET /a HTTP/1.1\r\nHost: x\r\n${coding}\r\n\r\n0\r\n\r\n`),
  ...lengths.map(length => `POST /a HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${smuggled}`),
  ...lengths.map(length => `GET /a HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`),
  ...chunks.map(chunk => `POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`),
  ...chunks.map(chunk => `DELETE /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`),
  ...[
    'GET  /a HTTP/1.1',
    'GET /a  HTTP/1.1',
    'GET\t/a HTTP/1.1',
    'GET /a HTTP/1.1 ',
    'GET /a http/1.1',
    'GET /a HTTP/01.1',
    'GET /a HTTP/1.1x',
    'GET /a HTTP/2.0',
    'G\x00T /a HTTP/1.1',
    'GET /a\x00 HTTP/1.1',
  ].map(line => `${line}\r\nHost: x\r\n\r\n`),
  ...[
    'Host: x\r\nHost: x',
    'Host: x, y',
    'Host: x y',
    'Host : x',
    'Host:',
    'Host: x\x00',
    'hOST: x\r\nHost: y',
    'Host: x/../y',
    'Host: x@y',
    'Host: x#y',
  ].map(host => `GET /a HTTP/1.1\r\n${host}\r\n\r\n`),
]

let upstream: Awaited<ReturnType<typeof startStrictUpstream>>
let proxy: TestProxy & AsyncDisposable

beforeAll(async () => {
  upstream = await startStrictUpstream()
  proxy = await startTestProxy({}, { urls: { legacy: upstream.url, extracted: upstream.url } })
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await upstream.close()
})

/** What came back and what went on, of bytes that a client sends on one connection. */
async function exchange(bytes: string) {
  const before = upstream.seen.length
  const faultsBefore = upstream.faults.length
  const received = await sendRaw(proxy.url, bytes, 120)
  return {
    statuses: [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)),
    forwarded: upstream.seen.slice(before),
    faults: upstream.faults.slice(faultsBefore),
  }
}

test(`forwards no request that a strict reader does not find: ${vectors.length} vectors`, async () => {
  const broken: object[] = []
  for (const vector of vectors) {
    const { statuses, forwarded, faults } = await exchange(vector + second)
    const paths = forwarded.map(pathOf)
    const strict = strictPaths(vector + second)
    const refused = statuses.some(status => status >= 400)
    const unfounded = paths.some(path => !strict.includes(path)) || paths.length > strict.length
    if (faults.length > 0 || unfounded || (!refused && paths.length !== statuses.length))
      broken.push({ vector, statuses, paths, strict, faults })
  }
  expect(broken).toEqual([])
}, 120_000)

test.each([
  ['/%63ustomers/1', '/customers/1'],
  ['/customers/%31', '/customers/1'],
  ['/customers/1;a=b', '/customers/1;a=b'],
  ['/CUSTOMERS/1', '/CUSTOMERS/1'],
  ['/customers/1?a=../../x', '/customers/1?a=../../x'],
])('forwards %s as it was matched', async (target, wanted) => {
  const { forwarded } = await exchange(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  expect(forwarded.map(({ head }) => head.split(' ', 2)[1])).toEqual([wanted])
})

test.each([
  '/x/..%2fcustomers/1',
  '/x/%2e%2e/customers/1',
  '//customers/1',
  '/customers//1',
  '/customers/1%00',
  '/customers/%c0%af1',
  '/customers\\1',
  '/x/..;/customers/1/..',
])('refuses %s, which another server might read as a path of a capability', async target => {
  const { statuses, forwarded } = await exchange(
    `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  )
  expect([statuses, forwarded]).toEqual([[400], []])
})
