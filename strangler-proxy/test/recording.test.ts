import { readFile, stat } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { createRedactor } from '../src/recording/redact-request.ts'
import { soapMessage, soapRequest, startTestProxy, type TestProxy, until } from './proxy-kit.ts'

type Figures = {
  id: string
  active: boolean
  seen: number
  recorded: number
  open: number
  skipped: Record<string, number>
  bytes: number
  files: string[]
}

const start = async (proxy: TestProxy, order: object = {}) =>
  (await proxy.admin('POST', '/admin/recordings', { by: 'tests', reason: 'to replay', ...order }))
    .json as Figures

const stop = async (proxy: TestProxy, { id }: Figures) =>
  (await proxy.admin('DELETE', `/admin/recordings/${id}`)).json as Figures

async function linesOf({ files }: Figures): Promise<Record<string, unknown>[]> {
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8')))
  return texts.flatMap(text =>
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  )
}

const json = { 'content-type': 'application/json' }

test('records requests as lines that begin with method, path, headers and body', async () => {
  await using proxy = await startTestProxy({ stage: 'shadow' })
  const begun = await start(proxy)
  await proxy.ask('/customers/1?expand=notes', { headers: { accept: 'application/json' } })
  await proxy.ask('/customers', {
    method: 'POST',
    headers: json,
    body: '{ "name": "Ann",  "no": 12345678901234567890 }',
  })
  await proxy.ask('/soap', soapRequest(soapMessage('GetCustomer', '<c:custNo>1</c:custNo>')))
  await proxy.ask('/elsewhere')
  const ended = await stop(proxy, begun)
  expect(ended).toMatchObject({ active: false, seen: 4, recorded: 4, open: 0 })
  const lines = await linesOf(ended)
  expect(Object.keys(lines[0]!).slice(0, 4)).toEqual(['method', 'path', 'headers', 'body'])
  expect(lines).toMatchObject([
    {
      method: 'GET',
      path: '/customers/1?expand=notes',
      body: null,
      side: 'legacy',
      effect: 'read',
      status: 200,
    },
    {
      method: 'POST',
      path: '/customers',
      body: '{ "name": "Ann",  "no": 12345678901234567890 }',
      effect: 'write',
    },
    { route: '/soap#GetCustomer', body: soapMessage('GetCustomer', '<c:custNo>1</c:custNo>') },
    { path: '/elsewhere', side: 'default', effect: 'none' },
  ])
  expect(Object.keys(lines[0]!.headers as object)).not.toContain('x-forwarded-for')
  expect((await stat(ended.files[0]!)).mode & 0o777).toBe(0o600)
})

test('no secret reaches a recording, and equal secrets stay equal', async () => {
  await using proxy = await startTestProxy()
  const begun = await start(proxy, { redact: ['phone-no'] })
  const headers = { ...json, cookie: 'sid=s3cret', authorization: 'Bearer s3cret' }
  const body = '{"login":{"Password":"s3cret","phone_no":"s3cret","big":12345678901234567890}}'
  for (let turn = 0; turn < 2; turn++)
    await proxy.ask('/customers?token=s3cret&page=2', { method: 'POST', headers, body })
  const secured = soapMessage(
    'CreateCustomer',
    '<w:Password Type="a" token="s3cret">s3cret</w:Password><n>keep</n>',
  )
  await proxy.ask('/soap', soapRequest(secured))
  await proxy.ask('/x', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'user=ann&pass%77ord=s3cret',
  })
  const ended = await stop(proxy, begun)
  const lines = await linesOf(ended)
  expect(ended.recorded).toBe(4)
  expect(JSON.stringify(lines)).not.toContain('s3cret')
  expect(lines[0]!.headers).toEqual(lines[1]!.headers)
  expect(String(lines[0]!.body)).toContain('12345678901234567890')
  expect(String(lines[2]!.body)).toContain('<n>keep</n>')
  expect(String(lines[3]!.body)).toContain('user=ann')
})

test('every request that was seen is counted once: recorded, or skipped for a reason', async () => {
  await using proxy = await startTestProxy()
  const begun = await start(proxy, { capability: 'customers' })
  await proxy.ask('/customers/1')
  await proxy.ask('/elsewhere')
  await proxy.ask('/customers', { method: 'POST', headers: json, body: JSON.stringify('x'.repeat(300_000)) })
  await proxy.ask('/customers', { method: 'POST', headers: { 'content-type': 'image/png' }, body: 'x' })
  await proxy.ask('/customers', { method: 'POST', headers: json, body: '{' })
  let finish = () => {}
  proxy.legacy.answer = (_request, response) => {
    finish = () => response.end('{}')
  }
  const late = proxy.ask('/customers/1')
  await until(() => proxy.legacy.received.length === 6)
  const ended = await stop(proxy, begun)
  expect(ended).toMatchObject({ seen: 5, recorded: 1, open: 1 })
  finish()
  await late
  const { recordings } = (await proxy.admin('GET', '/admin/recordings')).json as { recordings: Figures[] }
  expect(recordings).toMatchObject([
    { seen: 5, recorded: 1, open: 0, skipped: { 'body-too-large': 1, 'body-not-understood': 2, stopped: 1 } },
  ])
})

test('rotates its files, stops at its size, and one runs at a time', async () => {
  await using proxy = await startTestProxy()
  const begun = await start(proxy, { fileBytes: 4_096, maxBytes: 20_000 })
  expect(await proxy.admin('POST', '/admin/recordings', {})).toMatchObject({
    status: 409,
    json: { code: 'RECORDING_ACTIVE' },
  })
  for (let turn = 0; turn < 100; turn++) await proxy.ask(`/customers/${turn}`)
  const ended = await stop(proxy, begun)
  expect(ended.files.length).toBeGreaterThan(3)
  expect(ended.bytes).toBeLessThanOrEqual(20_000)
  expect(ended.recorded + ended.skipped.full!).toBe(100)
  expect(await linesOf(ended)).toHaveLength(ended.recorded)
  expect(await proxy.admin('DELETE', '/admin/recordings/nope')).toMatchObject({ status: 404 })
})

test('a sample leaves the rest out, and says how much', async () => {
  let draw = 0
  await using proxy = await startTestProxy({}, { random: () => (draw++ % 4) / 4 })
  const begun = await start(proxy, { sample: 0.25 })
  for (let turn = 0; turn < 8; turn++) await proxy.ask('/customers/1')
  const ended = await stop(proxy, begun)
  expect(ended).toMatchObject({ seen: 8, recorded: 2, skipped: { 'sampled-out': 6 } })
})

test('hides secrets of any spelling in broken and in odd documents too', () => {
  const { body, path, headers } = createRedactor('key', ['national id'])
  expect(body(Buffer.from('<a><b:api-key>x<c/>'), 'text/xml')).not.toContain('x<c/>')
  expect(body(Buffer.from('<a secret = \'x1\' other="y"/>'), 'application/soap+xml')).toMatch(/other="y"/)
  expect(body(Buffer.from("<a secret = 'x1'/>"), 'text/xml')).not.toContain('x1')
  expect(body(Buffer.from('{"a":[{"apiKey":true}]}'), 'application/problem+json')).not.toContain('true')
  expect(body(Buffer.from('{"__proto__":{"token":"x1"}}'), 'application/json')).not.toContain('x1')
  expect(path('/a?b=1&access_token=x1')).not.toContain('x1')
  expect(headers(['__proto__', 'a', 'Cookie', 'x1', 'X-A', '1', 'x-a', '2'])).toMatchObject({
    'x-a': ['1', '2'],
  })
})
