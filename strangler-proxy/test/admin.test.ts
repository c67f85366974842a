import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { ask, configText, sendRaw, startTestProxy, token } from './proxy-kit.ts'

const main = join(import.meta.dirname, '../src/main.ts')

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env } })
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise(resolve => child.on('close', resolve)),
  ])
  return { out, err, code }
}

test('refuses calls without the token, with a wrong one, from pages, and bodies that are no JSON', async () => {
  await using proxy = await startTestProxy()
  const call = (headers: Record<string, string>, body: string | null = null) =>
    ask(proxy.adminUrl, body === null ? '/admin/status' : '/admin/generations', {
      method: body === null ? 'GET' : 'POST',
      headers,
      body,
    })
  const authorization = `Bearer ${token}`
  expect((await call({})).status).toBe(401)
  expect((await call({ authorization: 'Bearer ' })).status).toBe(401)
  expect((await call({ authorization: `Bearer ${token}x` })).status).toBe(401)
  expect((await call({ authorization: `Basic ${token}` })).status).toBe(401)
  expect((await call({ authorization, origin: 'http://evil' })).status).toBe(403)
  expect((await call({ authorization, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await call({ authorization, 'content-type': 'text/plain' }, '{}')).status).toBe(415)
  expect((await call({ authorization, 'content-type': 'application/json' }, '{')).status).toBe(400)
  expect(
    (await call({ authorization, 'content-type': 'application/json' }, `"${'x'.repeat(100_000)}"`)).status,
  ).toBe(413)
  expect((await call({ authorization })).status).toBe(200)
})

test('a viewer looks and changes nothing, whatever it adds to a request', async () => {
  await using proxy = await startTestProxy({}, { viewerToken: 'a-token-of-a-viewer' })
  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
    ask(proxy.adminUrl, path, {
      method,
      headers: {
        authorization: 'Bearer a-token-of-a-viewer',
        'x-http-method-override': 'GET',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
  expect((await call('GET', '/admin/status')).status).toBe(200)
  for (const answer of [
    await call('POST', '/admin/generations', { changes: [{ capability: 'customers', stage: 'shadow' }] }),
    await call('POST', '/admin/reload'),
    await call('POST', '/admin/holds', { capability: 'customers', epoch: 1, role: 'operator' }),
    await call('PUT', '/admin/holds/customers', { epoch: 1, leaseMs: 1_000 }),
    await call('DELETE', '/admin/comparisons/customers'),
  ])
    expect(answer).toMatchObject({ status: 403, json: { code: 'FORBIDDEN' } })
  expect(proxy.generations.current().number).toBe(1)
  expect(proxy.logged).toContainEqual(expect.objectContaining({ msg: 'a viewer was refused a call' }))
})

test('refuses a Host that DNS may have led here; addresses, localhost and named hosts pass', async () => {
  const statusFor = async (url: string, host: string) => {
    const answer = await sendRaw(
      url,
      `GET /admin/status HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    )
    return answer.slice(9, 12)
  }
  await using proxy = await startTestProxy()
  for (const host of ['127.0.0.1', 'localhost:8081', '[::1]:8081', '10.0.0.1'])
    expect([host, await statusFor(proxy.adminUrl, host)]).toEqual([host, '200'])
  for (const host of ['evil.example', 'evil.example:8081', '127.0.0.1.evil.example', 'localhost.evil'])
    expect([host, await statusFor(proxy.adminUrl, host)]).toEqual([host, '403'])
  await using named = await startTestProxy({}, { adminHosts: ['proxy'] })
  expect(await statusFor(named.adminUrl, 'proxy:8081')).toBe('200')
})

test('names every problem of a request at once', async () => {
  await using proxy = await startTestProxy()
  const answer = await proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers', stage: 'nope', percent: 101, role: 'admin' }],
  })
  expect(answer.status).toBe(400)
  expect((answer.json as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual([
    'changes.0.stage',
    'changes.0.percent',
    'changes.0',
  ])
  expect(await proxy.admin('DELETE', '/admin/holds/customers')).toMatchObject({ status: 400 })
  expect(await proxy.admin('GET', '/admin/comparisons/__proto__')).toMatchObject({ status: 404 })
  expect(await proxy.admin('GET', '/admin/nothing')).toMatchObject({
    status: 404,
    json: { code: 'NOT_FOUND' },
  })
})

test('describes what is served', async () => {
  await using proxy = await startTestProxy({
    stage: 'shadow',
    capabilityExtra: '    comparison: { sample: 0 }',
  })
  await proxy.ask('/customers/1')
  await proxy.ask('/customers', { method: 'POST', body: '{}' })
  expect((await proxy.admin('GET', '/admin/status')).json).toEqual({
    generation: 1,
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    file: proxy.file,
    problems: [],
    workers: [{ id: 1, pid: process.pid }],
    capabilities: [
      {
        name: 'customers',
        stage: 'shadow',
        writes: 'legacy',
        data: 'synced',
        percent: 10,
        key: 'cookie:sid',
        hold: null,
        inflightWrites: 0,
        traffic: { legacy: { read: 1, write: 1, failed: 0 }, extracted: { read: 0, write: 0, failed: 0 } },
        breaker: { legacy: 'closed', extracted: 'closed' },
        pinned: 0,
        comparison: {
          samples: 0,
          matched: 0,
          ignored: 0,
          diverged: 0,
          errors: 0,
          noise: 0,
          noiseSamples: 0,
          verdict: 'insufficient',
          why: '0 of 50 samples',
          divergence: { share: 0, low: 0, high: 0 },
        },
      },
    ],
    upstreams: [
      {
        name: 'legacy',
        balance: 'round-robin',
        breaker: 'closed',
        instances: [{ url: proxy.legacy.url, healthy: true, ejected: false, pending: 0 }],
      },
      {
        name: 'extracted',
        balance: 'round-robin',
        breaker: 'closed',
        instances: [{ url: proxy.extracted.url, healthy: true, ejected: false, pending: 0 }],
      },
    ],
  })
})

test('serves health and metrics on the admin listener, and not on the entry', async () => {
  await using proxy = await startTestProxy()
  await proxy.ask('/customers/1')
  expect((await ask(proxy.adminUrl, '/health/ready')).json).toMatchObject({ status: 'ok' })
  const metrics = (await ask(proxy.adminUrl, '/metrics')).text
  expect(metrics).toContain(
    'strangler_requests_total{capability="customers",side="legacy",effect="read",outcome="replied"} 1',
  )
  expect(metrics).not.toContain('/customers/1')
  expect((await proxy.ask('/metrics')).json).toEqual({ side: 'legacy' })
})

test('lets no secret reach a log line', async () => {
  await using proxy = await startTestProxy({ extra: 'accessLog: true' }, {})
  await proxy.ask('/customers/1?password=s3cret', {
    headers: { cookie: 'sid=s3cret', authorization: 'Bearer s3cret' },
  })
  await sendRaw(proxy.url, 'GET //s3cret HTTP/1.1\r\nHost: s3cret\r\n\r\n', 100)
  expect(proxy.logged.length).toBeGreaterThanOrEqual(2)
  expect(JSON.stringify(proxy.logged)).not.toContain('s3cret')
})

test('check names every problem, for people and for programs, and exits 2', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-check-'))
  const file = join(folder, 'strangler.yaml')
  await writeFile(
    file,
    configText({ writes: 'extracted' }, 'http://a', 'http://b').replace('default: legacy', 'default: x'),
  )
  const people = await run(['check', file])
  expect(people.code).toBe(2)
  expect(people.out).toContain(`${file}:5 default: no upstream "x"`)
  expect(people.out).toContain(`${file}:11 capabilities.customers.writes: stage legacy needs writes: legacy`)
  const programs = await run(['check', file, '--json'])
  expect(JSON.parse(programs.out)).toMatchObject({ ok: false, problems: [{ line: 5 }, { line: 11 }] })
  await writeFile(file, configText({}, 'http://a', 'http://b'))
  expect(await run(['check', file])).toMatchObject({ code: 0, out: `${file}: ok\n` })
  expect((await run(['check', join(folder, 'missing')])).code).toBe(2)
  const missing = await run(['check', join(folder, 'missing'), '--json'])
  expect(missing).toMatchObject({ code: 2, err: '' })
  expect(JSON.parse(missing.out)).toMatchObject({ ok: false, problems: [{ message: expect.any(String) }] })
  await rm(folder, { recursive: true })
}, 60_000)

test('refuses to start with a bad file, a bad address, more workers than it has, or an unknown verb', async () => {
  for (const args of [
    ['proxy', '--config', '/nowhere/strangler.yaml'],
    ['proxy', '--listen', 'here:there'],
    ['proxy', '--workers', '0'],
    ['proxy', '--bogus'],
    ['dance'],
  ]) {
    const { code, err, out } = await run(args, { STRANGLER_TOKEN: 'x'.repeat(20) })
    expect({ args, code, out }).toEqual({ args, code: 2, out: '' })
    expect(err).not.toContain('    at ')
  }
}, 60_000)

test('starts alone with nothing but a file, makes itself a token, reads the file on SIGHUP, ends on SIGTERM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-alone-'))
  const file = join(folder, 'strangler.yaml')
  await writeFile(file, configText({}, 'http://127.0.0.1:9', 'http://127.0.0.1:9'))
  const child = spawn(process.execPath, [
    main,
    'proxy',
    '--config',
    file,
    '--listen',
    '0',
    '--admin',
    '127.0.0.1:0',
  ])
  const ready: string = await new Promise(resolve => child.stdout.once('data', line => resolve(String(line))))
  const { adminUrl, pid } = JSON.parse(ready)
  const made = join(folder, '.strangler/token')
  expect((await stat(made)).mode & 0o777).toBe(0o600)
  const bearer = (await readFile(made, 'utf8')).trim()
  const status = () => ask(adminUrl, '/admin/status', { headers: { authorization: `Bearer ${bearer}` } })
  expect((await status()).json).toMatchObject({ generation: 1 })
  process.kill(pid, 'SIGHUP')
  expect((await status()).json).toMatchObject({ generation: 1, problems: [] })
  process.kill(pid, 'SIGTERM')
  expect(await new Promise(resolve => child.on('close', resolve))).toBe(0)
  await rm(folder, { recursive: true })
}, 60_000)
