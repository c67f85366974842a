import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseRestPattern } from '../src/config/route-pattern.ts'
import { createRestMatcher } from '../src/routing/rest-matcher.ts'
import { ask, sendRaw, startTestProxy, startUpstream, token, until } from './proxy-kit.ts'

test('follows no redirect, neither for a client nor for a copy', async () => {
  const inner = await startUpstream('inner')
  await using proxy = await startTestProxy({ stage: 'shadow' })
  for (const side of [proxy.legacy, proxy.extracted])
    side.answer = (_request, response) => response.writeHead(302, { location: `${inner.url}/latest` }).end()
  expect((await proxy.ask('/customers/1')).headers.location).toBe(`${inner.url}/latest`)
  expect(await until(() => proxy.extracted.received.length === 1)).toBe(true)
  expect(inner.received).toEqual([])
  await inner.close()
})

test('no name in the admin API leads out of its place', async () => {
  await using proxy = await startTestProxy()
  for (const name of [
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e',
    '..%5c..',
    '%00',
    'a/../../b',
  ]) {
    const raw = (method: string, path: string) =>
      sendRaw(
        proxy.adminUrl,
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      )
    for (const [method, path] of [
      ['DELETE', `/admin/recordings/${name}`],
      ['GET', `/admin/generations/${name}`],
      ['GET', `/admin/comparisons/${name}`],
      ['GET', `/admin/services/${name}/instances`],
    ] as const)
      expect([method, path, await raw(method, path)]).toEqual([
        method,
        path,
        expect.stringMatching(/^HTTP\/1\.1 4(00|04) /),
      ])
  }
})

test('line breaks and terminal codes stay inside the values that they came in', async () => {
  await using proxy = await startTestProxy()
  const reason = 'a\r\nX-Evil: 1\u001b[31m\u2028{"verb":"forged"}'
  const body = { changes: [{ capability: 'customers', stage: 'shadow' }], by: 'ann\nroot', reason }
  expect((await proxy.admin('POST', '/admin/generations', body)).status).toBe(200)
  const folder = join(dirname(proxy.file), '.strangler')
  const audit = await readFile(join(folder, 'strangler.yaml.audit.jsonl'), 'utf8')
  expect(audit.trimEnd().split('\n')).toHaveLength(1)
  expect(audit).not.toContain('\u001b')
  expect((await proxy.admin('GET', '/admin/audit?verify=true')).json).toMatchObject({
    chain: { ok: true },
    entries: [{ operator: 'ann\nroot', reason }],
  })
  for (const host of ['"a\\r\\nX: y"', '"a b"', '"[::1"']) {
    await proxy.edit(text =>
      text.replace(/legacy: +\{ url: ("[^"]*")[^}]*\}/, `legacy: { url: $1, host: ${host} }`),
    )
    await proxy.admin('POST', '/admin/reload')
    expect(proxy.generations.problems().map(({ path }) => path)).toEqual(['upstreams.legacy.host'])
  }
})

test('keys that objects are made of are keys like any other, or refused', async () => {
  await using proxy = await startTestProxy()
  const post = (body: string) =>
    ask(proxy.adminUrl, '/admin/generations', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    })
  for (const key of ['__proto__', 'constructor', 'prototype'])
    for (const body of [
      `{"${key}":{"polluted":1},"changes":[{"capability":"customers","stage":"shadow"}]}`,
      `{"changes":[{"capability":"${key}","stage":"shadow"}]}`,
      `{"changes":[{"capability":"customers","${key}":{"polluted":1}}]}`,
    ])
      expect([body, String((await post(body)).status)]).toEqual([body, expect.stringMatching(/^4/)])
  await ask(proxy.adminUrl, '/admin/audit?__proto__[polluted]=1&constructor.prototype.polluted=1', {
    headers: { authorization: `Bearer ${token}` },
  })
  expect((Object.prototype as Record<string, unknown>).polluted).toBeUndefined()
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('a path made to be hard to match costs no more than its length', () => {
  const routes = createRestMatcher(
    Array.from({ length: 200 }, (_, index) => {
      const text = `GET /${'{a}/'
        .replace('a', `a${index}`)
        .concat(
          Array.from({ length: 10 }, (_one, step) => (step % 2 === index % 2 ? `{p${step}}` : 'a')).join('/'),
        )}/end${index}`
      const pattern = parseRestPattern(text)
      if (typeof pattern === 'string') throw new Error(pattern)
      return { pattern, value: text }
    }),
  )
  const hostile = [`/${'a/'.repeat(4_000)}b`, `/${'a/'.repeat(11)}nothing`, `/${'a'.repeat(8_000)}`]
  for (const path of hostile) routes.match('GET', path)
  const since = performance.now()
  for (let round = 0; round < 100; round++) for (const path of hostile) routes.match('GET', path)
  expect((performance.now() - since) / 300).toBeLessThan(20)
})

test('a secret that goes through every path shows in nothing that the proxy tells or keeps', async () => {
  const secret = 'c4n4ry-s3cret'
  await using proxy = await startTestProxy(
    { stage: 'shadow', extra: 'accessLog: true' },
    { viewerToken: `viewer-${secret}`, registrantToken: `registrant-${secret}` },
  )
  proxy.legacy.answer = (_request, response) =>
    response.end(JSON.stringify({ note: secret, password: secret }))
  proxy.extracted.answer = (_request, response) =>
    response.end(JSON.stringify({ note: `${secret}!`, password: `${secret}!` }))
  await proxy.admin('POST', '/admin/recordings', {})
  const headers = {
    cookie: `sid=${secret}`,
    authorization: `Bearer ${secret}`,
    'x-api-key': secret,
    'content-type': 'application/json',
  }
  await proxy.ask(`/customers/1?token=${secret}`, { headers })
  await proxy.ask('/customers', { method: 'POST', headers, body: JSON.stringify({ password: secret }) })
  await proxy.ask(`/a//b?token=${secret}`, { headers })
  await ask(proxy.adminUrl, '/admin/status', { headers: { authorization: `Bearer ${secret}` } })
  const status = async () => (await proxy.admin('GET', '/admin/status')).text
  expect(await until(async () => (await status()).includes('"diverged":1'))).toBe(true)
  const recordings = (await proxy.admin('GET', '/admin/recordings')).json as { recordings: { id: string }[] }
  await proxy.admin('DELETE', `/admin/recordings/${recordings.recordings[0]!.id}`)
  const told = [
    JSON.stringify(proxy.logged),
    await status(),
    (await ask(proxy.adminUrl, '/metrics')).text,
    (await proxy.admin('GET', '/admin/comparisons/customers')).text,
    (await proxy.admin('GET', '/admin/generations/1')).text,
    (await proxy.admin('GET', '/admin/audit')).text,
  ]
  const folder = join(dirname(proxy.file), '.strangler')
  const kept = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of kept)
    if (entry.isFile()) told.push(await readFile(join(entry.parentPath, entry.name), 'utf8'))
  expect(told.length).toBeGreaterThan(8)
  for (const text of told) expect(text.includes(secret) ? text : '').toBe('')
})
