import { connect, type Socket } from 'node:net'
import { expect, test } from '@jest/globals'
import { sendJson, startTestProxy, type TestProxy, until } from './proxy-kit.ts'

const write = (proxy: TestProxy, name = 'x') =>
  proxy.ask('/customers', {
    method: 'POST',
    body: JSON.stringify({ name }),
    headers: { 'content-type': 'application/json' },
  })

const hold = (proxy: TestProxy, more: object = {}) =>
  proxy.admin('POST', '/admin/holds', { capability: 'customers', epoch: 1, leaseMs: 5_000, ...more })

const parked = async (proxy: TestProxy, count: number) =>
  until(() => proxy.generations && statusOf(proxy).then(({ hold }) => hold?.parked === count))

async function statusOf(proxy: TestProxy) {
  const { json } = await proxy.admin('GET', '/admin/status')
  return (
    json as {
      capabilities: { hold: { parked: number; leaseLeftMs: number } | null; inflightWrites: number }[]
    }
  ).capabilities[0]!
}

test('parks writes, lets reads pass, and releases in the order of arrival to the new owner', async () => {
  await using proxy = await startTestProxy()
  expect((await hold(proxy)).json).toMatchObject({ inflight: 0 })
  const writes = []
  for (let index = 0; index < 5; index++) {
    writes.push(write(proxy, `n${index}`))
    await parked(proxy, index + 1)
  }
  expect((await proxy.ask('/customers/1')).status).toBe(200)
  expect(proxy.legacy.received.filter(({ method }) => method === 'POST')).toEqual([])
  await proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', stage: 'extracted', writes: 'extracted', epoch: 2 }],
  })
  const released = await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  expect(released.json).toMatchObject({ released: 5, expired: 0, waits: { maxMs: expect.any(Number) } })
  for (const answer of await Promise.all(writes)) expect(answer.json).toEqual({ side: 'extracted' })
  expect(proxy.extracted.received.map(({ body }) => JSON.parse(body).name)).toEqual([
    'n0',
    'n1',
    'n2',
    'n3',
    'n4',
  ])
  expect((await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')).json).toEqual(released.json)
})

test('counts a write in flight from admission until the reply of its upstream has ended', async () => {
  await using proxy = await startTestProxy()
  let finish = () => {}
  proxy.legacy.answer = (_request, response) => {
    response.writeHead(200).write('{')
    finish = () => response.end('}')
  }
  const slow = write(proxy)
  await until(() => proxy.legacy.received.length === 1)
  expect((await hold(proxy)).json).toMatchObject({ inflight: 1 })
  const short = await proxy.admin('GET', '/admin/holds/customers?drainedWithinMs=30')
  expect(short.json).toMatchObject({ inflight: 1 })
  const drained = proxy.admin('GET', '/admin/holds/customers?drainedWithinMs=5000')
  setTimeout(finish, 50)
  expect((await drained).json).toMatchObject({ inflight: 0, parked: 0 })
  expect((await slow).text).toBe('{}')
})

test('a write whose client left is still in flight until its upstream has answered', async () => {
  await using proxy = await startTestProxy()
  let finish = () => {}
  proxy.legacy.answer = (_request, response) => {
    finish = () => sendJson(response, {})
  }
  const { port } = new URL(proxy.url)
  const client = connect(Number(port))
  client.write('POST /customers HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
  await until(() => proxy.legacy.received.length === 1)
  client.destroy()
  await new Promise(resolve => setTimeout(resolve, 50))
  expect((await statusOf(proxy)).inflightWrites).toBe(1)
  finish()
  expect(await until(async () => (await statusOf(proxy)).inflightWrites === 0)).toBe(true)
})

test('a hold whose coordinator is gone ends with its lease, and its writes go to the owner', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy, { leaseMs: 150 })
  const since = performance.now()
  expect((await write(proxy)).json).toEqual({ side: 'legacy' })
  expect(performance.now() - since).toBeGreaterThan(100)
  expect((await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')).json).toMatchObject({
    released: 0,
    expired: 1,
  })
  expect(await proxy.admin('PUT', '/admin/holds/customers', { epoch: 1, leaseMs: 100 })).toMatchObject({
    status: 404,
    json: { code: 'HOLD_NOT_FOUND' },
  })
})

test('a renewed lease holds on', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy, { leaseMs: 150 })
  const pending = write(proxy)
  await parked(proxy, 1)
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(resolve => setTimeout(resolve, 80))
    expect((await proxy.admin('PUT', '/admin/holds/customers', { epoch: 1, leaseMs: 150 })).status).toBe(200)
  }
  expect((await statusOf(proxy)).hold?.parked).toBe(1)
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  expect((await pending).status).toBe(200)
})

test('refuses writes beyond its limits with 503 and Retry-After, by count and by bytes', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy, { maxParked: 1 })
  const first = write(proxy)
  await parked(proxy, 1)
  const second = await write(proxy)
  expect(second.status).toBe(503)
  expect(second.headers['retry-after']).toBe('1')
  expect(second.json).toMatchObject({ type: 'urn:problem:write-held' })
  await hold(proxy, { maxParked: 10, maxBytes: 20 })
  expect((await write(proxy, 'y'.repeat(50))).status).toBe(503)
  expect((await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')).json).toMatchObject({
    released: 1,
    refused: 2,
  })
  expect((await first).status).toBe(200)
})

test('forgets a parked write whose client left', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy)
  const { port } = new URL(proxy.url)
  const client = connect(Number(port))
  client.write('POST /customers HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
  await parked(proxy, 1)
  client.destroy()
  expect(await parked(proxy, 0)).toBe(true)
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  expect(proxy.legacy.received).toEqual([])
})

test.each([
  // What fills the buffers between keeps the end of the connection at the client, so nobody can know of it.
  { how: 'closed', sent: 200_000, leave: (client: Socket) => client.destroySoon() },
  { how: 'reset', sent: 20_000_000, leave: (client: Socket) => client.resetAndDestroy() },
])(
  'notices that the client of a parked write $how its connection in the middle of a body',
  async ({ sent, leave }) => {
    await using proxy = await startTestProxy()
    await hold(proxy)
    const { port } = new URL(proxy.url)
    const client = connect(Number(port))
    client.write('POST /customers HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n\r\n')
    client.write(Buffer.alloc(sent))
    await parked(proxy, 1)
    leave(client)
    expect(await until(async () => (await statusOf(proxy)).hold?.parked === 0, 20_000)).toBe(true)
    await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
    expect(proxy.legacy.received).toEqual([])
  },
)

test('a client that stays while its large body is parked is served, whole', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy)
  const body = Buffer.alloc(5_000_000, 'x')
  const writing = proxy.ask('/customers', { method: 'POST', body })
  await parked(proxy, 1)
  await new Promise(resolve => setTimeout(resolve, 2_300))
  expect((await statusOf(proxy)).hold?.parked).toBe(1)
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  expect((await writing).status).toBe(200)
  expect(proxy.legacy.received[0]?.body).toHaveLength(body.length)
})

test('a lower epoch can neither take over, renew nor release', async () => {
  await using proxy = await startTestProxy()
  const first = await hold(proxy, { epoch: 5 })
  for (const answer of [
    await hold(proxy, { epoch: 4 }),
    await proxy.admin('PUT', '/admin/holds/customers', { epoch: 4, leaseMs: 1_000 }),
    await proxy.admin('DELETE', '/admin/holds/customers?epoch=4'),
  ])
    expect(answer).toMatchObject({ status: 409, json: { code: 'EPOCH_STALE' } })
  expect((await hold(proxy, { epoch: 6 })).json).toMatchObject({ id: (first.json as { id: string }).id })
})

test('a write that waits for 100 Continue is not asked for its body while it is parked', async () => {
  await using proxy = await startTestProxy()
  await hold(proxy)
  const { port } = new URL(proxy.url)
  const client = connect(Number(port))
  let received = ''
  client.on('data', chunk => {
    received += chunk
  })
  client.write('POST /customers HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n')
  await parked(proxy, 1)
  expect(received).toBe('')
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  await until(() => received.includes('100 Continue'))
  client.write('{}')
  await until(() => received.includes('200 OK'))
  expect(proxy.legacy.received).toMatchObject([{ body: '{}' }])
  client.destroy()
})
