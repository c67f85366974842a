import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createWrongTokens } from '../src/admin/wrong-tokens.ts'
import { openAuditLog } from '../src/audit/audit-log.ts'
import { ask, startTestProxy, type TestProxy } from './proxy-kit.ts'

const pathOf = (proxy: TestProxy) => join(dirname(proxy.file), '.strangler/strangler.yaml.audit.jsonl')

async function shadow(proxy: TestProxy, reason: string) {
  return proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', stage: 'shadow' }],
    by: 'ann',
    reason,
  })
}

test('what is asked for is on record before it is done, with who, why and the hash of what went before', async () => {
  await using proxy = await startTestProxy({}, { viewerToken: 'a-token-of-a-viewer' })
  await shadow(proxy, 'first look')
  await proxy.admin('POST', '/admin/holds', { capability: 'customers', epoch: 1, leaseMs: 60_000 })
  await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')
  await ask(proxy.adminUrl, '/admin/reload', {
    method: 'POST',
    headers: { authorization: 'Bearer a-token-of-a-viewer' },
  })
  await proxy.admin('POST', '/admin/generations/1/revert', { by: 'bob', reason: 'back' })
  const { json } = await proxy.admin('GET', '/admin/audit?verify=true')
  expect(json).toMatchObject({
    chain: { ok: true },
    entries: [
      { seq: 5, operator: 'bob', verb: 'revert', reason: 'back', details: { to: 1 } },
      { seq: 4, operator: 'viewer', verb: 'refused', details: { path: '/admin/reload' } },
      { seq: 3, operator: 'operator', verb: 'release', capability: 'customers' },
      { seq: 2, operator: 'operator', verb: 'hold', details: { epoch: 1, leaseMs: 60_000 } },
      { seq: 1, operator: 'ann', verb: 'change', capability: 'customers', reason: 'first look' },
    ],
  })
  expect((await proxy.admin('GET', '/admin/audit?limit=1')).json).toMatchObject([{ seq: 5 }])
})

test.each([
  [
    'edited',
    (lines: string[]) => lines.map((line, at) => (at === 1 ? line.replace('ann', 'bob') : line)),
    2,
    'changed',
  ],
  ['taken out', (lines: string[]) => lines.filter((_line, at) => at !== 1), 2, 'missing'],
  ['moved', (lines: string[]) => [lines[1]!, lines[0]!, lines[2]!], 1, 'missing'],
  ['cut off', (lines: string[]) => lines.slice(0, 2), 3, 'cut off'],
  ['made unreadable', (lines: string[]) => [lines[0]!, '{', lines[2]!], 2, 'changed'],
])('an entry that was %s shows', async (_how, tamper, seq, reason) => {
  await using proxy = await startTestProxy()
  for (const why of ['one', 'two', 'three']) await shadow(proxy, why)
  const lines = (await readFile(pathOf(proxy), 'utf8')).trimEnd().split('\n')
  await writeFile(pathOf(proxy), tamper(lines).join('\n').concat('\n'))
  expect((await proxy.admin('GET', '/admin/audit?verify=true')).json).toMatchObject({
    chain: { ok: false, seq, reason },
  })
})

test('goes on after a restart, and drops the line that a crash cut short', async () => {
  await using proxy = await startTestProxy()
  await shadow(proxy, 'one')
  const path = pathOf(proxy)
  await writeFile(path, `${await readFile(path, 'utf8')}{"seq":2,"at":"20`)
  const log = await openAuditLog(path, Date.now)
  await log.append({ operator: 'bob', verb: 'hold', capability: 'customers', reason: '', details: {} })
  expect(await log.verify()).toBeUndefined()
  expect((await log.last(5)).map(({ seq }) => seq)).toEqual([2, 1])
})

test('what cannot be put on record is not done, except that held writes are let go', async () => {
  await using proxy = await startTestProxy()
  await proxy.admin('POST', '/admin/holds', { capability: 'customers', epoch: 1, leaseMs: 60_000 })
  await writeFile(`${pathOf(proxy)}.kept`, await readFile(pathOf(proxy)))
  await rm(pathOf(proxy))
  await mkdir(pathOf(proxy))
  expect(await shadow(proxy, 'no disk')).toMatchObject({ status: 500, json: { code: 'AUDIT_NOT_WRITABLE' } })
  expect(proxy.generations.current().number).toBe(1)
  expect((await proxy.admin('DELETE', '/admin/holds/customers?epoch=1')).status).toBe(200)
  await rm(pathOf(proxy), { recursive: true })
  await rename(`${pathOf(proxy)}.kept`, pathOf(proxy))
  expect((await shadow(proxy, 'again')).status).toBe(200)
})

test('who tries tokens is answered later and later; a right token always passes', async () => {
  await using proxy = await startTestProxy()
  const wrong = () =>
    ask(proxy.adminUrl, '/admin/status', { headers: { authorization: 'Bearer not-this-one' } })
  for (let turn = 0; turn < 10; turn++) expect((await wrong()).status).toBe(401)
  const since = performance.now()
  const [slowed, right] = await Promise.all([wrong(), proxy.admin('GET', '/admin/status')])
  expect(slowed).toMatchObject({ status: 429, json: { code: 'TOO_MANY_ATTEMPTS' } })
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0)
  expect(performance.now() - since).toBeGreaterThan(900)
  expect(right.status).toBe(200)
  expect((await ask(proxy.adminUrl, '/admin/status')).status).toBe(401)
  expect((await proxy.admin('GET', '/admin/audit')).json).toMatchObject([{ verb: 'wrong-tokens' }])
})

test('counts wrong tokens by address and minute, and lets no crowd wait', () => {
  let now = 0
  const slowed: string[] = []
  const tokens = createWrongTokens(
    () => now,
    address => slowed.push(address),
  )
  for (let turn = 0; turn < 10; turn++) expect(tokens.refuse('a')).toEqual({ status: 401 })
  for (let turn = 0; turn < 64; turn++)
    expect(tokens.refuse('a')).toEqual({ status: 429, delayMs: 1_000, retryAfterSeconds: 60 })
  expect(tokens.refuse('a')).toMatchObject({ delayMs: 0 })
  tokens.answered()
  expect(tokens.refuse('a')).toMatchObject({ delayMs: 1_000 })
  expect(tokens.refuse('b')).toEqual({ status: 401 })
  now = 60_001
  expect(tokens.refuse('a')).toEqual({ status: 401 })
  expect(slowed).toEqual(['a'])
})
