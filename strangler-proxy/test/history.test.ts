import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { startProxy } from '../src/start-proxy.ts'
import { memoryLog, startTestProxy, type TestProxy, token, until } from './proxy-kit.ts'

type History = { generation: number; generations: Record<string, unknown>[] }

const change = (proxy: TestProxy, more: object, reason = 'try it') =>
  proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', ...more }],
    by: 'ann',
    reason,
  })

const history = async (proxy: TestProxy) => (await proxy.admin('GET', '/admin/generations')).json as History

test('tells of each generation who made it, when, why and what it changed, the newest first', async () => {
  await using proxy = await startTestProxy()
  await change(proxy, { stage: 'canary', percent: 25 })
  await proxy.edit(text => text.replace('expose: true', 'expose: false'))
  await until(() => proxy.generations.current().number === 3)
  const { generation, generations } = await history(proxy)
  expect(generation).toBe(3)
  expect(generations).toMatchObject([
    { number: 3, by: 'file', changes: [{ path: 'expose', before: 'true', after: 'false' }] },
    {
      number: 2,
      by: 'ann',
      reason: 'try it',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      changes: [
        { path: 'capabilities.customers.stage', before: '"legacy"', after: '"canary"' },
        { path: 'capabilities.customers.canary.percent', before: '10', after: '25' },
      ],
    },
    { number: 1, reason: 'the proxy started', changes: [] },
  ])
  expect((await proxy.admin('GET', '/admin/generations/2')).json).toMatchObject({
    number: 2,
    text: expect.stringContaining('percent: 25'),
  })
  expect(await proxy.admin('GET', '/admin/generations/9')).toMatchObject({ status: 404 })
  expect(await proxy.admin('GET', '/admin/generations/x')).toMatchObject({ status: 400 })
})

test('reverts to a generation by its number: text, comments and all, as a new generation', async () => {
  await using proxy = await startTestProxy()
  const first = await readFile(proxy.file, 'utf8')
  await change(proxy, { stage: 'shadow' })
  expect(
    await proxy.admin('POST', '/admin/generations/1/revert', { by: 'bob', reason: 'slow' }),
  ).toMatchObject({
    status: 200,
    json: { generation: 3 },
  })
  expect(await readFile(proxy.file, 'utf8')).toBe(first)
  expect((await history(proxy)).generations[0]).toMatchObject({ number: 3, by: 'bob', reason: 'slow' })
  expect(await proxy.admin('POST', '/admin/generations/7/revert', {})).toMatchObject({
    status: 404,
    json: { code: 'GENERATION_UNKNOWN' },
  })
})

test('a revert never moves the write owner', async () => {
  await using proxy = await startTestProxy()
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })
  expect(await proxy.admin('POST', '/admin/generations/1/revert', {})).toMatchObject({
    status: 422,
    json: { code: 'CONFIG_INVALID', problems: [{ path: 'capabilities.customers.writes' }] },
  })
  expect(proxy.generations.current().number).toBe(2)
})

test('after a restart numbers go on, a stale epoch is refused, and the last move may be asked again', async () => {
  await using proxy = await startTestProxy()
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })
  const again = await proxy.restart()
  expect(again.generations.current().number).toBe(2)
  expect(await change(proxy, { stage: 'canary', writes: 'legacy', epoch: 4 })).toMatchObject({
    status: 409,
    json: { code: 'EPOCH_STALE' },
  })
  expect(await change(proxy, { stage: 'canary', writes: 'legacy', epoch: 5 })).toMatchObject({
    status: 200,
    json: { generation: 3 },
  })
})

test('a proxy that ended between its history and its file lets the same move through, and no other', async () => {
  await using proxy = await startTestProxy()
  const before = await readFile(proxy.file, 'utf8')
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })
  await writeFile(proxy.file, before)
  await proxy.restart()
  expect(await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 3 })).toMatchObject({
    status: 409,
  })
  expect(await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })).toMatchObject({
    status: 200,
  })
})

const historyOf = ({ file }: { file: string }) =>
  join(dirname(file), '.strangler', `${basename(file)}.generations.jsonl`)

test('a history with a torn last line is read up to it, and goes on behind it', async () => {
  await using proxy = await startTestProxy()
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })
  await appendFile(historyOf(proxy), '{"number":3,"at":"20')
  const again = await proxy.restart()
  expect(again.generations.history()).toHaveLength(2)
  await change(proxy, { stage: 'canary', writes: 'legacy', epoch: 5 })
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 6 })
  await proxy.restart()
  expect(await change(proxy, { stage: 'canary', writes: 'legacy', epoch: 6 })).toMatchObject({ status: 409 })
})

test('no file makes the proxy forget an epoch: neither other upstreams nor one of the past', async () => {
  await using proxy = await startTestProxy()
  const past = await readFile(proxy.file, 'utf8')
  await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 4 })
  await writeFile(proxy.file, past.replaceAll('127.0.0.1', 'localhost'))
  await proxy.restart()
  expect(proxy.logged.map(({ msg }) => msg)).toContainEqual(
    expect.stringContaining('has writes: legacy of customers, but epoch 4 moved them to extracted'),
  )
  for (const epoch of [1, 3])
    expect(await change(proxy, { stage: 'extracted', writes: 'extracted', epoch })).toMatchObject({
      status: 409,
      json: { code: 'EPOCH_STALE', details: { seen: 4 } },
    })
  await rm(historyOf(proxy))
  await proxy.restart()
  expect(await change(proxy, { stage: 'extracted', writes: 'extracted', epoch: 1 })).toMatchObject({
    status: 200,
  })
})

test('a history that cannot be read stops the start, because it holds the epochs', async () => {
  await using proxy = await startTestProxy()
  await rm(historyOf(proxy))
  await mkdir(historyOf(proxy))
  await expect(proxy.restart()).rejects.toMatchObject({ code: 'CONFIG_HISTORY_UNREADABLE' })
  await rm(historyOf(proxy), { recursive: true })
  await proxy.restart()
})

test('follows the switch of links by which Kubernetes replaces a mounted file', async () => {
  await using other = await startTestProxy()
  const mount = join(dirname(other.file), 'mount')
  await mkdir(join(mount, '..one'), { recursive: true })
  await mkdir(join(mount, '..two'))
  const text = await readFile(other.file, 'utf8')
  await writeFile(join(mount, '..one', 'strangler.yaml'), text)
  await writeFile(join(mount, '..two', 'strangler.yaml'), text.replace('stage: legacy', 'stage: shadow'))
  await symlink('..one', join(mount, '..data'))
  await symlink(join('..data', 'strangler.yaml'), join(mount, 'strangler.yaml'))
  const loopback = { host: '127.0.0.1', port: 0 }
  const proxy = await startProxy({
    config: join(mount, 'strangler.yaml'),
    listen: loopback,
    admin: loopback,
    token,
    log: memoryLog([]),
  })
  try {
    await symlink('..two', join(mount, '..data_tmp'))
    await rename(join(mount, '..data_tmp'), join(mount, '..data'))
    expect(
      await until(() => proxy.generations.current().capabilities.get('customers')?.stage === 'shadow'),
    ).toBe(true)
  } finally {
    await proxy.close()
  }
})
