import { expect, test } from '@jest/globals'
import { createPick } from '../src/forwarding/balance.ts'
import { createInstance, type Instance } from '../src/forwarding/instance.ts'
import { ask, startTestProxy, startUpstream, type TestUpstream, until } from './proxy-kit.ts'

let now = 0
const instances = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    createInstance(`http://s${index}`, undefined as never, () => now),
  )
const none: ReadonlySet<Instance> = new Set()
const name = (instance: Instance | undefined) => instance!.url.slice(7)

async function withServers(count: number, upstream: string) {
  const servers = await Promise.all(Array.from({ length: count }, (_, index) => startUpstream(`s${index}`)))
  const proxy = await startTestProxy()
  const urls = servers.map(({ url }) => JSON.stringify(url)).join(', ')
  await proxy.edit(text => text.replace(/legacy: {4}\{[^}]+\}/, `legacy: { urls: [${urls}], ${upstream} }`))
  await until(() => proxy.generations.current().number === 2)
  return {
    proxy,
    servers,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await Promise.all(servers.map(server => server.close()))
    },
  }
}

const counts = (servers: readonly TestUpstream[]) => servers.map(({ received }) => received.length)

test('in turn: each instance as often as the others', () => {
  const pick = createPick('round-robin', instances(3))
  const seen = Array.from({ length: 9 }, () => name(pick(undefined, none)))
  expect(seen.slice(0, 3).toSorted()).toEqual(['s0', 's1', 's2'])
  expect(seen.slice(3)).toEqual([...seen.slice(0, 3), ...seen.slice(0, 3)])
})

test('least pending: the one with the fewest open requests, and equals share', () => {
  const all = instances(3)
  const pick = createPick('least-pending', all)
  const ends = [all[0]!.begin(), all[0]!.begin(), all[1]!.begin()]
  expect(name(pick(undefined, none))).toBe('s2')
  for (const end of [...ends, ...ends]) end()
  expect(all.map(one => one.pending())).toEqual([0, 0, 0])
  expect(new Set(Array.from({ length: 9 }, () => name(pick(undefined, none)))).size).toBe(3)
})

test('by hash: a key stays, and when an instance goes only its own keys move', () => {
  const all = instances(5)
  const pick = createPick('hash', all)
  const keys = Array.from({ length: 2_000 }, (_, index) => `caller-${index}`)
  const before = keys.map(key => name(pick(key, none)))
  for (const one of all) {
    const share = before.filter(server => server === name(one)).length / keys.length
    expect(share).toBeGreaterThan(0.15)
    expect(share).toBeLessThan(0.25)
  }
  all[2]!.healthy = false
  const without = keys.map(key => name(pick(key, none)))
  keys.forEach((_key, index) => {
    if (before[index] !== 's2') expect(without[index]).toBe(before[index])
    else expect(without[index]).not.toBe('s2')
  })
  all[2]!.healthy = true
  expect(keys.map(key => name(pick(key, none)))).toEqual(before)
})

test('five failures in a row put an instance out, for longer each time; most of them out means none is', () => {
  now = 0
  const all = instances(3)
  const pick = createPick('round-robin', all)
  const picked = () => new Set(Array.from({ length: 12 }, () => name(pick(undefined, none))))
  const fail = (one: Instance, times = 5) => Array.from({ length: times }, () => one.failed())
  fail(all[0]!, 4)
  all[0]!.succeeded()
  fail(all[0]!, 4)
  expect(picked().has('s0')).toBe(true)
  fail(all[0]!, 1)
  expect([...picked()].toSorted()).toEqual(['s1', 's2'])
  now += 10_001
  expect(picked().has('s0')).toBe(true)
  fail(all[0]!)
  now += 10_001
  expect(picked().has('s0')).toBe(false)
  fail(all[1]!)
  expect(picked().size).toBe(3)
})

test('what was tried is not tried again while another is left', () => {
  const all = instances(2)
  const pick = createPick('hash', all)
  const first = pick('key', none)!
  expect(pick('key', new Set([first]))).not.toBe(first)
  expect(all).toContain(pick('key', new Set(all)))
  expect(createPick('hash', [])('key', none)).toBeUndefined()
})

test('sends a caller to the same server by the hash of its key, and spreads callers', async () => {
  await using system = await withServers(3, 'balance: "hash:cookie:sid"')
  for (let sid = 0; sid < 30; sid++)
    for (let turn = 0; turn < 2; turn++)
      await ask(system.proxy.url, '/x', { headers: { cookie: `sid=${sid}` } })
  const servedBy = new Map<string, Set<number>>()
  system.servers.forEach(({ received }, index) => {
    for (const { headers } of received)
      servedBy.set(String(headers.cookie), (servedBy.get(String(headers.cookie)) ?? new Set()).add(index))
  })
  expect([...servedBy.values()].every(servers => servers.size === 1)).toBe(true)
  expect(counts(system.servers).every(count => count > 0)).toBe(true)
})

test('least pending leaves a server alone that does not answer', async () => {
  await using system = await withServers(2, 'balance: least-pending')
  system.servers[0]!.answer = () => {}
  const stuck = new AbortController()
  const slow = [0, 1].map(() => ask(system.proxy.url, '/x', { signal: stuck.signal }).catch(() => undefined))
  await until(() => system.servers[0]!.received.length >= 1)
  for (let turn = 0; turn < 10; turn++) await ask(system.proxy.url, '/x')
  expect(system.servers[0]!.received).toHaveLength(1)
  stuck.abort()
  await Promise.all(slow)
})

test('leaves out a server that says that it is not well, and takes it back', async () => {
  await using system = await withServers(3, 'health: { path: /ready, everyMs: 30, failures: 2 }')
  const [sick] = system.servers
  sick!.answer = ({ url }, response) => response.writeHead(url === '/ready' ? 503 : 200).end()
  const health = async () => {
    const { json } = await system.proxy.admin('GET', '/admin/status')
    return (json as { upstreams: { instances: { healthy: boolean }[] }[] }).upstreams[0]!.instances.map(
      ({ healthy }) => healthy,
    )
  }
  expect(await until(async () => !(await health())[0])).toBe(true)
  const asked = () => sick!.received.filter(({ url }) => url === '/x').length
  for (let turn = 0; turn < 9; turn++) expect((await ask(system.proxy.url, '/x')).status).toBe(200)
  expect(asked()).toBe(0)
  sick!.answer = (_request, response) => response.end('{}')
  expect(await until(async () => (await health())[0])).toBe(true)
  for (let turn = 0; turn < 9; turn++) await ask(system.proxy.url, '/x')
  expect(asked()).toBe(3)
})
