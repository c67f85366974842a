import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { Pool } from 'undici'
import { ask, startTestProxy, type TestProxy, until } from './proxy-kit.ts'

const stageTo = (proxy: TestProxy, stage: string, more: object = {}) =>
  proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', stage, ...more }],
    by: 'tests',
    reason: 'toggle',
  })

test('a file replaced by rename, or written over, is served within 100 ms', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(text => text.replace('stage: legacy', 'stage: shadow'))
  const since = performance.now()
  await until(() => proxy.generations.current().number === 2)
  expect(performance.now() - since).toBeLessThan(500)
  await writeFile(proxy.file, (await readFile(proxy.file, 'utf8')).replace('stage: shadow', 'stage: canary'))
  await until(() => proxy.generations.current().capabilities.get('customers')?.stage === 'canary')
  expect(proxy.generations.current().number).toBe(3)
})

test('keeps serving the last good generation when the file is invalid, and says what is wrong with it', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(text => text.replace('stage: legacy', 'stage: extracted'))
  const status = await until(async () => {
    const { json } = await proxy.admin('GET', '/admin/status')
    return (json as { problems: unknown[] }).problems.length > 0 ? json : undefined
  })
  expect(status).toMatchObject({
    generation: 1,
    problems: [{ path: 'capabilities.customers.writes', line: 11 }],
  })
  expect((await proxy.ask('/customers/1')).json).toEqual({ side: 'legacy' })
  expect(await proxy.admin('POST', '/admin/reload')).toMatchObject({
    status: 422,
    json: { code: 'CONFIG_INVALID', problems: [{ path: 'capabilities.customers.writes' }] },
  })
  await proxy.edit(text => text.replace('stage: extracted', 'stage: shadow'))
  await until(() => proxy.generations.problems().length === 0)
  expect(proxy.generations.current().number).toBe(2)
})

test('refuses a hand edit that moves the write owner', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(text =>
    text.replace('stage: legacy', 'stage: extracted').replace('writes: legacy', 'writes: extracted'),
  )
  const answer = await proxy.admin('POST', '/admin/reload')
  expect(answer.status).toBe(422)
  expect(answer.text).toContain('writes is changed only by cutover and rollback')
  expect(proxy.generations.current().number).toBe(1)
})

test('a toggle edits the file in place and is idempotent', async () => {
  await using proxy = await startTestProxy()
  const before = await readFile(proxy.file, 'utf8')
  const first = await stageTo(proxy, 'canary', { percent: 0.5 })
  expect(first).toMatchObject({ status: 200, json: { generation: 2 } })
  expect(await readFile(proxy.file, 'utf8')).toBe(
    before.replace('stage: legacy', 'stage: canary').replace('percent: 10', 'percent: 0.5'),
  )
  expect((await stageTo(proxy, 'canary', { percent: 0.5 })).json).toEqual(first.json)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(proxy.generations.current().number).toBe(2)
})

test('refuses a contradictory change, an unknown capability and a stale epoch', async () => {
  await using proxy = await startTestProxy()
  expect(await stageTo(proxy, 'extracted')).toMatchObject({ status: 422, json: { code: 'CONFIG_INVALID' } })
  expect(
    await proxy.admin('POST', '/admin/generations', { changes: [{ capability: 'x', stage: 'legacy' }] }),
  ).toMatchObject({ status: 404, json: { code: 'CAPABILITY_UNKNOWN' } })
  expect(await stageTo(proxy, 'extracted', { writes: 'extracted' })).toMatchObject({
    status: 422,
    json: { code: 'EPOCH_MISSING' },
  })
  expect(await stageTo(proxy, 'extracted', { writes: 'extracted', epoch: 3 })).toMatchObject({ status: 200 })
  expect(await stageTo(proxy, 'extracted', { writes: 'extracted', epoch: 3 })).toMatchObject({ status: 200 })
  expect(await stageTo(proxy, 'canary', { writes: 'legacy', epoch: 3 })).toMatchObject({
    status: 409,
    json: { code: 'EPOCH_STALE' },
  })
  expect(await stageTo(proxy, 'canary', { writes: 'legacy', epoch: 4 })).toMatchObject({ status: 200 })
})

test('a change takes good hand edits along, and goes ahead beside bad ones, which stay in the file', async () => {
  await using proxy = await startTestProxy()
  await writeFile(
    proxy.file,
    (await readFile(proxy.file, 'utf8')).replace('default: legacy', 'default: nowhere'),
  )
  expect(await stageTo(proxy, 'shadow')).toMatchObject({ status: 200 })
  const text = await readFile(proxy.file, 'utf8')
  expect(text).toContain('default: nowhere')
  expect(text).toContain('stage: shadow')
  expect(proxy.generations.current().capabilities.get('customers')?.stage).toBe('shadow')
  expect(proxy.generations.problems()).toMatchObject([{ path: 'default' }])
})

test('a storm of toggles under load loses no request, and each request is served by one generation', async () => {
  await using proxy = await startTestProxy({ data: 'none', capabilityExtra: '    comparison: { sample: 0 }' })
  const pool = new Pool(proxy.url, { connections: 16 })
  let running = true
  let requests = 0
  const failed: unknown[] = []
  const client = async (sid: number) => {
    for (let turn = 0; running; turn++) {
      const write = turn % 3 === 0
      const { statusCode, body } = await pool.request({
        method: write ? 'POST' : 'GET',
        path: write ? '/customers' : '/customers/1',
        headers: { cookie: `sid=${sid}` },
        body: write ? JSON.stringify({ name: 'x'.repeat(turn % 2_000) }) : null,
      })
      const text = await body.text()
      requests++
      if (statusCode !== 200 || !text.includes('side')) failed.push([statusCode, text])
    }
  }
  const clients = Array.from({ length: 16 }, (_, sid) => client(sid))
  const stages = ['shadow', 'canary', 'extracted', 'canary', 'legacy']
  for (let toggle = 0; toggle < 40; toggle++) {
    expect((await stageTo(proxy, stages[toggle % stages.length]!)).status).toBe(200)
    await new Promise(resolve => setTimeout(resolve, 15))
  }
  running = false
  await Promise.all(clients)
  await pool.close()
  expect(failed).toEqual([])
  expect(requests).toBeGreaterThan(500)
  expect(proxy.generations.current().number).toBe(41)
  expect(proxy.legacy.received.length + proxy.extracted.received.length).toBe(requests)
}, 60_000)

test('an upstream that appears and one that goes are followed without a lost request', async () => {
  await using proxy = await startTestProxy({ stage: 'legacy' })
  await proxy.edit(text => text.replace('default: legacy', 'default: extracted'))
  await until(() => proxy.generations.current().number === 2)
  expect((await ask(proxy.url, '/elsewhere')).json).toEqual({ side: 'extracted' })
})
