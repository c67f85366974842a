import { expect, test } from '@jest/globals'
import { ask, sendRaw, startTestProxy } from './proxy-kit.ts'

const claims = {
  'x-forwarded-for': '203.0.113.7, 10.1.2.3',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'shop.example',
  'x-forwarded-port': '8443',
  'x-forwarded-prefix': '/shop',
  forwarded: 'for=203.0.113.7;proto=https',
  'x-real-ip': '6.6.6.6',
}

const toldOf = async (extra: string) => {
  await using proxy = await startTestProxy({ extra })
  await proxy.ask('/x', { headers: { ...claims, host: 'proxy.example' } })
  const { headers } = proxy.legacy.received[0]!
  return Object.fromEntries(Object.keys(claims).map(name => [name, headers[name]]))
}

test('takes over what a trusted peer says of the client, and adds itself', async () => {
  expect(await toldOf('trustedPeers: ["127.0.0.0/8"]')).toEqual({
    'x-forwarded-for': '203.0.113.7, 10.1.2.3, 127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-port': '8443',
    'x-forwarded-prefix': '/shop',
    forwarded: 'for=203.0.113.7;proto=https, for=127.0.0.1;proto=http;host="proxy.example"',
    'x-real-ip': undefined,
  })
})

test('overwrites what anybody else says, with Forwarded where that is wanted', async () => {
  const untrusted = {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'proxy.example',
    'x-forwarded-port': undefined,
    'x-forwarded-prefix': undefined,
    'x-real-ip': undefined,
  }
  expect(await toldOf('trustedPeers: ["10.0.0.0/8", "::1"]')).toEqual({ ...untrusted, forwarded: undefined })
  expect(await toldOf('forwarded: true')).toEqual({
    ...untrusted,
    forwarded: 'for=127.0.0.1;proto=http;host="proxy.example"',
  })
})

test('the cohort by address is that of the client behind trusted peers, and nobody writes himself into another one', async () => {
  const sidesOf = async (extra: string, forwardedFor: string[]) => {
    await using proxy = await startTestProxy({
      stage: 'canary',
      percent: 50,
      key: 'ip',
      extra,
      capabilityExtra: '    comparison: { sample: 0 }',
    })
    const sides: unknown[] = []
    for (const chain of forwardedFor)
      sides.push((await ask(proxy.url, '/customers/1', { headers: { 'x-forwarded-for': chain } })).json)
    return sides
  }
  const clients = Array.from({ length: 30 }, (_, index) => `203.0.113.${index}`)
  const trusting = 'trustedPeers: ["127.0.0.1", "10.0.0.0/8"]'
  const behind = await sidesOf(trusting, clients)
  expect(new Set(behind.map(side => JSON.stringify(side))).size).toBe(2)
  expect(
    await sidesOf(
      trusting,
      clients.map(client => `6.6.6.6, ${client}, 10.0.0.1`),
    ),
  ).toEqual(behind)
  const alone = await sidesOf('', clients)
  expect(new Set(alone.map(side => JSON.stringify(side))).size).toBe(1)
})

test('survives a chain that is no chain', async () => {
  await using proxy = await startTestProxy({
    stage: 'canary',
    key: 'ip',
    percent: 50,
    extra: 'trustedPeers: ["127.0.0.1"]',
  })
  for (const chain of [',,,', 'unknown', '"[::1]:80"', 'x'.repeat(8_000), '__proto__'])
    expect((await ask(proxy.url, '/customers/1', { headers: { 'x-forwarded-for': chain } })).status).toBe(200)
  const twice =
    'GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nConnection: close\r\n\r\n'
  await sendRaw(proxy.url, twice)
  expect(proxy.legacy.received.at(-1)?.headers['x-forwarded-for']).toBe('1.1.1.1, 2.2.2.2, 127.0.0.1')
})

test('names a network that is none', async () => {
  await expect(
    startTestProxy({ extra: 'trustedPeers: ["10.0.0.0/8", "all", "10.0.0.0/33"]' }),
  ).rejects.toThrow(/trustedPeers\.1.*\n.*trustedPeers\.2/)
})
