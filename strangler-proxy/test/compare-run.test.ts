import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { readBaseline } from '../src/comparison/baseline.ts'
import { readRequests } from '../src/comparison/request-file.ts'
import { sendJson, startUpstream, type TestUpstream } from './proxy-kit.ts'

const main = join(import.meta.dirname, '..', 'src', 'compare-main.ts')
let before: TestUpstream
let after: TestUpstream
let folder: string

beforeAll(async () => {
  before = await startUpstream('same')
  after = await startUpstream('same')
  folder = await mkdtemp(join(tmpdir(), 'compare-'))
})
afterEach(() => {
  for (const side of [before, after]) {
    side.received.length = 0
    side.answer = (_request, response) => sendJson(response, { side: 'same' })
  }
})
afterAll(async () => {
  await Promise.all([before.close(), after.close(), rm(folder, { recursive: true })])
})

async function compare(lines: readonly unknown[], ...more: string[]) {
  const file = join(folder, 'requests.jsonl')
  await writeFile(file, lines.map(line => JSON.stringify(line)).join('\n'))
  const child = spawn(process.execPath, [
    ...['--disable-warning=ExperimentalWarning', main, 'compare', '--json', '--requests', file],
    ...['--before', before.url, '--after', after.url, ...more],
  ])
  const exit = new Promise<number | null>(resolve => child.on('exit', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { exit: await exit, json: out === '' ? undefined : JSON.parse(out), err }
}

test('equal systems pass; before is asked twice what is safe to ask twice', async () => {
  const { exit, json } = await compare([{ path: '/a/1' }, { method: 'POST', path: '/a', body: { x: 1 } }])
  expect(exit).toBe(0)
  expect(json).toMatchObject({ requests: 2, matched: 2, diverged: 0, errors: 0, noise: 0, verdict: 'pass' })
  expect(before.received.map(({ method }) => method).sort()).toEqual(['GET', 'GET', 'POST'])
  expect(after.received.find(({ method }) => method === 'POST')!.body).toBe('{"x":1}')
})

test('a divergence ends with exit 4, named by route and path, with both values; reports hold it too', async () => {
  after.answer = (_request, response) => sendJson(response, { side: '<other>' })
  const [html, junit] = [join(folder, 'r.html'), join(folder, 'r.xml')]
  const { exit, json } = await compare([{ path: '/a/1' }, { path: '/a/2' }], '--html', html, '--junit', junit)
  expect(exit).toBe(4)
  expect(json.verdict).toBe('fail')
  expect(json.divergences).toEqual([
    { route: 'GET /a/{id}', path: 'side', count: 2, before: '"same"', after: '"<other>"' },
  ])
  expect(await readFile(html, 'utf8')).not.toContain('<other>')
  expect(await readFile(junit, 'utf8')).toContain('failures="1"')
})

test('what before does to itself is noise, not a divergence', async () => {
  let count = 0
  before.answer = (_request, response) => sendJson(response, { count: count++ })
  after.answer = (_request, response) => sendJson(response, { count: -1 })
  expect((await compare([{ path: '/a' }, { path: '/a' }])).json).toMatchObject({ noise: 2, verdict: 'pass' })
})

test('a baseline accepts a divergence until its day is over', async () => {
  after.answer = (_request, response) => sendJson(response, { side: 'other' })
  const file = join(folder, 'baseline.json')
  const entry = { path: 'side', reason: 'agreed', expires: '2999-01-01' }
  await writeFile(file, JSON.stringify([entry]))
  expect(await compare([{ path: '/a' }], '--baseline', file)).toMatchObject({
    exit: 0,
    json: { ignored: 1, verdict: 'pass' },
  })
  await writeFile(file, JSON.stringify([{ ...entry, expires: '2001-01-01' }]))
  expect(await compare([{ path: '/a' }], '--baseline', file)).toMatchObject({
    exit: 4,
    json: { expired: [{ path: 'side' }] },
  })
  expect(() => readBaseline('[{"path":"x","reason":" ","expires":"soon"}]', 'b.json', new Date())).toThrow(
    /2 problems/,
  )
})

test('requests of one caller keep their order; a side that does not answer diverges', async () => {
  const own = { cookie: 'sid=1' }
  const lines = Array.from({ length: 20 }, (_, index) => ({ path: `/a/${index}`, headers: own }))
  await compare(lines, '--twice', 'none')
  expect(after.received.map(({ url }) => url)).toEqual(lines.map(({ path }) => path))
  after.answer = (_request, response) => response.destroy()
  expect(await compare([{ path: '/a' }])).toMatchObject({ exit: 4, json: { diverged: 1 } })
})

test('each side can be asked with a token of its own, and values can be concealed', async () => {
  after.answer = (_request, response) => sendJson(response, { side: 'secret' })
  const line = { path: '/a', headers: { authorization: 'Bearer recorded' } }
  const { json } = await compare([line], '--after-header', 'Authorization: Bearer mine', '--conceal')
  expect(before.received[0]!.headers.authorization).toBe('Bearer recorded')
  expect(after.received[0]!.headers.authorization).toBe('Bearer mine')
  expect(JSON.stringify(json)).not.toContain('secret')
})

test('nothing compared is no pass, and bad input is named with its line', async () => {
  expect(await compare([])).toMatchObject({ exit: 1, json: { verdict: 'insufficient' } })
  const bad = await compare([{ path: 'a' }, { path: '/a', header: {} }])
  expect(bad.exit).toBe(2)
  expect(bad.err).toContain('line 1')
  expect(bad.err).toContain('line 2')
})

test('a HAR is read with its bodies; what belongs to a connection is left out', () => {
  const request = {
    method: 'POST',
    url: 'https://shop.example/soap?x=1',
    headers: [
      { name: ':authority', value: 'shop.example' },
      { name: 'Host', value: 'shop.example' },
      { name: 'SOAPAction', value: '"urn:shop#GetCustomer"' },
    ],
    postData: { text: '<x/>' },
  }
  expect(readRequests(JSON.stringify({ log: { entries: [{ request }] } }), 'a.har')).toEqual([
    {
      method: 'POST',
      path: '/soap?x=1',
      headers: [['SOAPAction', '"urn:shop#GetCustomer"']],
      body: '<x/>',
      caller: '\n',
      route: '/soap#GetCustomer',
      isRead: false,
    },
  ])
})

/** A system with a login of its own, which makes its own tokens and ids. */
function withLogin(upstream: TestUpstream, token: string, firstId: number): void {
  upstream.answer = (request, response) => {
    if (request.url === '/login') return sendJson(response, { session: { token } })
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.statusCode = 401
      return sendJson(response, { error: 'no session' })
    }
    if (request.method === 'POST') return sendJson(response, { id: firstId, name: 'Ann' })
    return sendJson(response, { id: Number(request.url!.split('/').pop()), owner: token, name: 'Ann' })
  }
}

test('tokens and ids that each system gives itself are put into later requests, and are no difference', async () => {
  withLogin(before, 'token-of-the-first', 501)
  withLogin(after, 'token-of-the-second', 777)
  const authorization = 'Bearer {{token}}'
  const { exit, json } = await compare([
    { method: 'POST', path: '/login', body: { user: 'ann' }, bind: { token: 'body.session.token' } },
    { method: 'POST', path: '/things', headers: { authorization }, body: {}, bind: { thing: 'body.id' } },
    { path: '/things/{{thing}}', headers: { authorization } },
  ])
  expect(json).toMatchObject({ requests: 3, ignored: 3, diverged: 0, errors: 0, verdict: 'pass' })
  expect(exit).toBe(0)
  expect(after.received.map(({ url }) => url)).toContain('/things/777')
})

test('what differs besides is a difference all the same', async () => {
  withLogin(before, 'token-of-the-first', 501)
  withLogin(after, 'token-of-the-second', 777)
  const answer = after.answer
  after.answer = (request, response, raw) =>
    request.url === '/things/777'
      ? sendJson(response, { id: 777, owner: 'somebody', name: 'Ann' })
      : answer(request, response, raw)
  const headers = { authorization: 'Bearer {{token}}' }
  const { json } = await compare([
    { method: 'POST', path: '/login', bind: { token: 'body.session.token' } },
    { method: 'POST', path: '/things', headers, bind: { thing: 'body.id' } },
    { path: '/things/{{thing}}', headers },
  ])
  expect(json.divergences).toEqual([
    {
      route: 'GET /things/{{thing}}',
      path: 'owner',
      count: 1,
      before: '"token-of-the-first"',
      after: '"somebody"',
    },
  ])
})

test('a request that needs a value which nobody gave is an error, never a request with a hole in it', async () => {
  const { json } = await compare([
    { path: '/login', bind: { token: 'body.token' } },
    { path: '/things', headers: { authorization: 'Bearer {{token}}' } },
  ])
  expect(json).toMatchObject({ errors: 1, verdict: 'insufficient' })
  expect(before.received.map(({ url }) => url)).not.toContain('/things')
})

test('a HAR says by its answers which values were given', () => {
  const entry = (method: string, url: string, answer: unknown, headers: object[] = [], text?: string) => ({
    request: {
      method,
      url: `http://shop${url}`,
      headers,
      ...(text === undefined ? {} : { postData: { text } }),
    },
    response: { content: { text: JSON.stringify(answer) } },
  })
  const bearer = [{ name: 'Authorization', value: 'Bearer abcdef-123456' }]
  const entries = [
    entry('POST', '/login', { token: 'abcdef-123456', language: 'en' }),
    entry('POST', '/orders', { order: { id: 4_711 } }, bearer, '{"sku":"A-1"}'),
    entry('GET', '/orders/4711', {}, bearer),
    entry('GET', '/orders/47110', {}, bearer),
  ]
  const requests = readRequests(JSON.stringify({ log: { entries } }), 'shop.har')
  expect(requests.map(({ path }) => path)).toEqual([
    '/login',
    '/orders',
    '/orders/{{answer2_body_order_id}}',
    '/orders/47110',
  ])
  expect(requests.map(({ bind }) => bind)).toEqual([
    { answer1_body_token: 'body.token' },
    { answer2_body_order_id: 'body.order.id' },
    undefined,
    undefined,
  ])
  expect(requests[1]!.headers).toEqual([['Authorization', 'Bearer {{answer1_body_token}}']])
  // In order: whoever needs a value comes after whoever gives it.
  expect(new Set(requests.map(({ caller }) => caller)).size).toBe(1)
})

test('the file of our recorder is read: as the requests began, by its routes, its reads asked twice', () => {
  const line = (path: string, at: string, ms: number, effect: string) => ({
    ...{ method: 'POST', path, headers: { 'x-many': ['1', '2'] }, body: null, at, capability: 'customers' },
    ...{ route: `/soap#${path.slice(1)}`, effect, side: 'legacy', generation: 3, status: 200, ms },
  })
  const lines = [
    line('/second', '2026-01-02T00:00:01.000Z', 10, 'write'),
    line('/first', '2026-01-02T00:00:02.000Z', 1_900, 'read'),
  ]
  const requests = readRequests(lines.map(each => JSON.stringify(each)).join('\n'), 'recording.jsonl')
  expect(requests.map(({ path, route, isRead }) => [path, route, isRead])).toEqual([
    ['/first', '/soap#first', true],
    ['/second', '/soap#second', false],
  ])
  expect(requests[0]!.headers).toEqual([
    ['x-many', '1'],
    ['x-many', '2'],
  ])
})
