import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CallOptions, type Running, startRunning, token } from './dashboard-kit.ts'

let running: Running
let cookie: string
beforeAll(async () => {
  running = await startRunning()
  cookie = await running.signIn()
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

const stage = { stage: 'legacy', reason: 'why' }

/** fetch does not let a test choose Host. */
function statusForHost(host: string, path = '/'): Promise<number> {
  const { hostname, port } = new URL(running.dashboard.url)
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path, headers: { host } }, response => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end()
  })
}

test.each(['/', '/portal', '/main.js', '/api/session', '/api/status', '/nowhere', '/health/live'])(
  '%s is answered with a policy that lets in nothing inline, nothing from elsewhere, and no frame',
  async path => {
    const { headers } = await running.call('GET', path)
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-powered-by')).toBeNull()
  },
)

test('the pages hold no inline script, style or handler', async () => {
  for (const path of ['/', '/portal']) {
    const html = await (await running.call('GET', path)).text()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/)
  }
})

describe('a host name', () => {
  test.each(['localhost:1', '127.0.0.1', '[::1]:80', 'strangler.example', 'STRANGLER.example:8443'])(
    '%s is served',
    async host => {
      expect(await statusForHost(host)).toBe(200)
    },
  )

  test.each(['attacker.example', 'localhost.attacker.example', '127.0.0.1.nip.io', 'a@localhost', 'x y'])(
    '“%s” is refused: it may have been made to resolve to this machine',
    async host => {
      expect(await statusForHost(host)).toBe(421)
      expect(await statusForHost(host, '/api/session')).toBe(421)
    },
  )
})

describe('a call that changes something', () => {
  const path = '/api/capabilities/customers/stage'
  const cases: [string, CallOptions['headers'], number][] = [
    ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' }, 403],
    [
      'from another port of this machine',
      { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
      403,
    ],
    ['with a foreign origin alone', { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:1' }, 403],
    ['of an opaque origin', { origin: 'null' }, 403],
    ['as a form sends it', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['as text', { 'content-type': 'text/plain' }, 415],
  ]
  test.each(cases)('%s is refused, although the cookie is there', async (_what, headers, status) => {
    const before = running.engine.asked.filter(({ method }) => method === 'POST').length
    const response = await running.call('POST', path, { cookie, body: stage, headers: headers! })
    expect(response.status).toBe(status)
    expect(running.engine.asked.filter(({ method }) => method === 'POST')).toHaveLength(before)
  })

  test('has to prove its origin: without Origin and Sec-Fetch-Site it is refused', async () => {
    const response = await fetch(`${running.dashboard.url}${path}`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'none' },
      body: JSON.stringify(stage),
    })
    expect(response.status).toBe(403)
  })

  test('is no GET', async () => {
    expect((await running.call('GET', path, { cookie })).status).toBe(404)
  })
})

test('reading from another origin is refused, the menu of the portal included', async () => {
  for (const path of ['/api/session', '/api/audit', '/api/portal/events'])
    expect(
      (await running.call('GET', path, { cookie, headers: { 'sec-fetch-site': 'cross-site' } })).status,
    ).toBe(403)
})

test.each([
  '/api/events',
  '/api/audit',
  '/api/history',
  '/api/capabilities/customers/plan',
  '/api/capabilities/customers/comparison',
])('%s needs a session', async path => {
  expect((await running.call('GET', path)).status).toBe(401)
  expect((await running.call('GET', path, { cookie: `${cookie}x` })).status).toBe(401)
})

test('the cookie is out of reach of scripts and of other sites', async () => {
  const response = await running.call('POST', '/api/session', { body: { token, by: 'ada' } })
  expect(response.headers.get('set-cookie')).toMatch(
    /^strangler_dashboard_\d+=[\w-]{43}; Path=\/api; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  )
})

test('whoever signs out is out', async () => {
  const mine = await running.signIn('bob')
  expect(await (await running.call('GET', '/api/session', { cookie: mine })).json()).toEqual({
    by: 'bob',
    role: 'operator',
  })
  const response = await running.call('DELETE', '/api/session', { cookie: mine, body: {} })
  expect(response.headers.get('set-cookie')).toContain('Max-Age=0')
  expect((await running.call('GET', '/api/audit', { cookie: mine })).status).toBe(401)
})

test('the token is in no answer, no header and no failure', async () => {
  await using fresh = await startRunning()
  const mine = await fresh.signIn()
  fresh.answers.verb = [{ result: { code: 'X', message: 'failed' }, exit: 1 }]
  const calls: [string, string, unknown?][] = [
    ['GET', '/'],
    ['GET', '/api/session'],
    ['GET', '/api/audit'],
    ['GET', '/api/capabilities/customers/plan'],
    ['POST', '/api/session', { token: 'wrong', by: 'eve' }],
    ['POST', '/api/session', `{"token": "${token}`],
    ['POST', '/api/capabilities/customers/preview', { verb: 'cutover' }],
    ['POST', '/api/capabilities/customers/stage', { stage: 'nowhere' }],
  ]
  const read = async () => {
    for (const [method, path, body] of calls) {
      const response = await fresh.call(method, path, { cookie: mine, body })
      expect(`${[...response.headers]} ${await response.text()}`).not.toContain(token)
    }
  }
  await read()
  await fresh.engine[Symbol.asyncDispose]()
  await read()
  // So that disposing of it a second time finds nothing to close.
  fresh.engine[Symbol.asyncDispose] = async () => {}
})

test('wrong tokens are counted: the eleventh within a minute is not even looked at', async () => {
  await using fresh = await startRunning()
  const attempt = (given: string) => fresh.call('POST', '/api/session', { body: { token: given, by: 'eve' } })
  for (let nth = 0; nth < 10; nth++) expect((await attempt(`guess ${nth}`)).status).toBe(401)
  const refused = await attempt(token)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test.each([
  '/../package.json',
  '/%2e%2e%2fpackage.json',
  '/..%5cpackage.json',
  '/main.js%00.html',
  '/__proto__',
  '/constructor',
])('nothing outside of the pages is served: %s', async path => {
  const { hostname, port } = new URL(running.dashboard.url)
  const status = await new Promise(resolve => {
    httpRequest({ hostname, port, path }, response => {
      response.resume()
      resolve(response.statusCode)
    }).end()
  })
  expect(status).toBe(404)
})

test('a body that is too big, broken or not asked for is refused and changes nothing', async () => {
  const path = '/api/capabilities/customers/stage'
  const bodies: [unknown, number][] = [
    [{ ...stage, reason: 'x'.repeat(20_000) }, 413],
    ['{"stage":', 400],
    [{ ...stage, reason: ' ' }, 400],
    [{ ...stage, by: 'somebody else' }, 400],
    [{ ...stage, fault: { killEngineAt: 'cutover.fence.before' } }, 400],
    ['{"stage":"legacy","reason":"why","__proto__":{"by":"x"}}', 400],
    [{ stage: 'legacy' }, 400],
  ]
  for (const [body, status] of bodies)
    expect((await running.call('POST', path, { cookie, body })).status).toBe(status)
  expect(
    (await running.call('POST', '/api/capabilities/..%2Fstatus/stage', { cookie, body: stage })).status,
  ).toBe(400)
  expect((await running.call('POST', '/api/capabilities/orders/stage', { cookie, body: stage })).status).toBe(
    404,
  )
  expect(running.engine.asked.filter(({ method }) => method === 'POST')).toEqual([])
})
