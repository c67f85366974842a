import { expect, test } from '@jest/globals'
import { sendRaw, startTestProxy, until } from './proxy-kit.ts'

const withHostOf = (host: string) => (text: string) =>
  text.replace(/legacy: +\{ url: ("[^"]*") \}/, `legacy: { url: $1, host: ${host} }`)

test('the upstream gets the Host of the client, of its own URL, or the one that the file names', async () => {
  await using proxy = await startTestProxy()
  const { host } = new URL(proxy.legacy.url)
  const wire = 'GET /x HTTP/1.1\r\nhOsT: shop.example\r\nConnection: close\r\n\r\n'
  await sendRaw(proxy.url, wire)
  await proxy.edit(withHostOf('upstream'))
  await until(() => proxy.generations.current().number === 2)
  await sendRaw(proxy.url, wire)
  await proxy.edit(text => text.replace('host: upstream', 'host: "inner.example:8080"'))
  await until(() => proxy.generations.current().number === 3)
  await sendRaw(proxy.url, wire)
  expect(proxy.legacy.received.map(({ headers }) => headers.host)).toEqual([
    'shop.example',
    host,
    'inner.example:8080',
  ])
  expect(new Set(proxy.legacy.received.map(({ headers }) => headers['x-forwarded-host']))).toEqual(
    new Set(['shop.example']),
  )
})

test('a redirect to the Host that the upstream was told loses its origin; any other stays', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(withHostOf('inner.example'))
  await until(() => proxy.generations.current().number === 2)
  proxy.legacy.answer = ({ url }, response) =>
    response
      .writeHead(302, { location: url === '/in' ? 'http://inner.example/next?a=1#b' : 'https://else/x' })
      .end()
  expect((await proxy.ask('/in')).headers.location).toBe('/next?a=1#b')
  expect((await proxy.ask('/out')).headers.location).toBe('https://else/x')
})

test('names what is wrong with a Host, a bulkhead, and an upstream that is found in two ways', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(text =>
    text.replace(
      /legacy: +\{ url: ("[^"]*") \}/,
      'legacy: { url: $1, host: "a b", bulkhead: { inFlight: 0, width: 1 } }',
    ),
  )
  const paths = () => proxy.generations.problems().map(({ path }) => path)
  await until(() => paths().length > 0)
  expect(paths()).toEqual([
    'upstreams.legacy.host',
    'upstreams.legacy.bulkhead.inFlight',
    'upstreams.legacy.bulkhead.width',
  ])
  await proxy.edit(text => text.replace(/, host: "a b", bulkhead: [^}]*\}/, ', service: catalog'))
  await until(() => paths()[0] === 'upstreams.legacy')
  expect(proxy.generations.problems()[0]?.message).toBe('needs one of url, urls, service and srv')
})
