import { expect, test } from '@jest/globals'
import { ask, soapMessage, soapRequest, startTestProxy, until } from './proxy-kit.ts'

test('serves each stage from the sides of its row, reads and writes', async () => {
  const rows = [
    { stage: 'legacy', read: 'legacy', write: 'legacy' },
    { stage: 'shadow', read: 'legacy', write: 'legacy' },
    { stage: 'extracted', read: 'extracted', write: 'extracted' },
    { stage: 'retired', read: 'extracted', write: 'extracted' },
  ]
  for (const { stage, read, write } of rows) {
    await using proxy = await startTestProxy({ stage })
    const got = await proxy.ask('/customers/42')
    const put = await proxy.ask('/customers', { method: 'POST', body: '{}' })
    expect({ stage, read: got.json, write: put.json }).toEqual({
      stage,
      read: { side: read },
      write: { side: write },
    })
    expect(got.headers['strangler-side']).toBe(read)
    expect(got.headers['strangler-generation']).toBe('1')
  }
})

test('serves the cohort of a canary from the extracted side, and always the same callers', async () => {
  await using proxy = await startTestProxy({
    stage: 'canary',
    percent: 50,
    capabilityExtra: '    comparison: { sample: 0 }',
  })
  const sideOf = async (sid: number) =>
    (await proxy.ask('/customers/1', { headers: { cookie: `x=1; sid=user-${sid}` } })).headers[
      'strangler-side'
    ]
  const first = await Promise.all(Array.from({ length: 60 }, (_, sid) => sideOf(sid)))
  const second = await Promise.all(Array.from({ length: 60 }, (_, sid) => sideOf(sid)))
  expect(second).toEqual(first)
  expect(new Set(first)).toEqual(new Set(['legacy', 'extracted']))
  const nobody = await proxy.ask('/customers/1')
  expect(nobody.headers['strangler-side']).toBe('legacy')
})

test('sends what no route claims to the default upstream, unchanged', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.ask('/orders/7?a=%20b&c')
  expect(proxy.legacy.received).toMatchObject([{ method: 'GET', url: '/orders/7?a=%20b&c' }])
})

test('forwards the path that was matched: one spelling, whatever the client wrote', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.ask('/%63ustomers/4%32')
  expect(proxy.extracted.received).toMatchObject([{ url: '/customers/42' }])
})

test('routes a SOAP message by its operation and does not change a byte of it', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  const message = soapMessage('GetCustomer', '<c:custNo>4</c:custNo><!-- é -->')
  const known = await proxy.ask('/soap', soapRequest(message, 'urn:shop:2009#GetCustomer'))
  expect(known.json).toEqual({ side: 'extracted' })
  expect(proxy.extracted.received[0]?.body).toBe(message)
  const unknown = await proxy.ask('/soap', soapRequest(soapMessage('PlaceOrder'), 'urn:shop:2009#PlaceOrder'))
  expect(unknown.json).toEqual({ side: 'legacy' })
  const slash = await proxy.ask('/soap/', soapRequest(message))
  expect(slash.json).toEqual({ side: 'extracted' })
  const description = await proxy.ask('/soap?wsdl')
  expect(description.json).toEqual({ side: 'legacy' })
})

test('streams a SOAP message that is larger than what is read ahead', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  const message = soapMessage('CreateCustomer', `<c:name>${'x'.repeat(300_000)}</c:name>`)
  expect((await proxy.ask('/soap', soapRequest(message))).status).toBe(200)
  expect(proxy.extracted.received[0]?.body).toBe(message)
})

test('refuses a message whose SOAPAction names another operation, with a fault', async () => {
  await using proxy = await startTestProxy()
  const answer = await proxy.ask(
    '/soap',
    soapRequest(soapMessage('GetCustomer'), 'urn:shop:2009#CreateCustomer'),
  )
  expect(answer.status).toBe(400)
  expect(answer.text).toContain('<faultcode>soap:Client</faultcode>')
  const twelve = await proxy.ask('/soap', {
    method: 'POST',
    headers: { 'content-type': 'application/soap+xml; action="urn:shop:2009#CreateCustomer"' },
    body: soapMessage('GetCustomer', '', '1.2'),
  })
  expect(twelve.status).toBe(400)
  expect(twelve.text).toContain('soap:Sender')
  expect(proxy.legacy.received).toEqual([])
})

test('refuses a message that cannot be told apart: DOCTYPE, malformed, compressed, attachments, no operation', async () => {
  await using proxy = await startTestProxy()
  const send = (body: string, headers: Record<string, string> = {}) =>
    proxy.ask('/soap', { method: 'POST', headers: { 'content-type': 'text/xml', ...headers }, body })
  const message = soapMessage('GetCustomer')
  const huge = `<!--${'x'.repeat(70_000)}-->`
  expect((await send(message.replace('?>', '?><!DOCTYPE x>'))).status).toBe(400)
  expect((await send('{"json":true}')).status).toBe(400)
  expect((await send(message.slice(0, 90))).status).toBe(400)
  expect((await send(message.replace('<soap:Envelope', `${huge}<soap:Envelope`))).status).toBe(413)
  expect((await send(message, { 'content-encoding': 'gzip' })).status).toBe(415)
  expect((await send(message, { 'content-type': 'multipart/related; type="text/xml"' })).status).toBe(415)
  expect((await send(message, { 'content-type': 'text/xml; charset=utf-16' })).status).toBe(415)
  expect(proxy.legacy.received).toEqual([])
})

test('works in front of any server with no capability configured', async () => {
  await using proxy = await startTestProxy()
  await proxy.edit(text => text.replace(/capabilities:[\s\S]*/, ''))
  await proxy.admin('POST', '/admin/reload')
  expect((await ask(proxy.url, '/customers/1')).json).toEqual({ side: 'legacy' })
})

const conditional = async () => {
  const proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.edit(text =>
    text.replace(
      'capabilities:',
      `capabilities:
  second:
    stage: legacy
    data: none
    routes:
      - { rest: "GET /customers/{id}", when: { version: 2 }, effect: read, legacy: legacy, extracted: extracted }
      - { rest: "GET /customers/{id}", when: { host: "Old.example", query: { a: "1" } }, effect: read, legacy: legacy, extracted: extracted }
      - { rest: "GET /only", when: { headers: { X-Tenant: "a" } }, effect: read, legacy: extracted, extracted: legacy }`,
    ),
  )
  await until(() => proxy.generations.current().number === 2)
  return proxy
}

test('two majors of an API live side by side: /v1 and /v2 are paths of capabilities of their own', async () => {
  await using proxy = await startTestProxy({ stage: 'extracted' })
  await proxy.edit(
    text => `${text}      - { rest: "GET /v2/customers/{id}", effect: read, legacy: legacy, extracted: extracted }
      - { rest: "ANY /v2/**", effect: write, legacy: legacy, extracted: extracted }
  customers-v1:
    stage: legacy
    data: none
    routes:
      - { rest: "GET /v1/customers/{id}", effect: read, legacy: legacy, extracted: extracted }
`,
  )
  const major = async (path: string) => (await proxy.ask(path)).json
  await until(async () => proxy.generations.current().number === 2)
  expect(await major('/v2/customers/1')).toEqual({ side: 'extracted' })
  expect(await major('/v1/customers/1')).toEqual({ side: 'legacy' })
  expect(await major('/v2/anything/else')).toEqual({ side: 'extracted' })
  // No route claims these: the default upstream has them, and no major is guessed.
  for (const path of ['/v10/customers/1', '/v1customers/1', '/V2/customers/1'])
    expect(await major(path)).toEqual({ side: 'legacy' })
  await proxy.admin('POST', '/admin/generations', {
    changes: [{ capability: 'customers-v1', stage: 'extracted' }],
  })
  expect(await major('/v1/customers/1')).toEqual({ side: 'extracted' })
  expect(proxy.extracted.received.map(({ url }) => url)).toEqual([
    '/v2/customers/1',
    '/v2/anything/else',
    '/v1/customers/1',
  ])
})

test('tells two versions of one path apart by Accept, and requests by host, header and query', async () => {
  await using proxy = await conditional()
  const side = async (path: string, headers: Record<string, string> = {}) =>
    ((await proxy.ask(path, { headers })).json as { side: string }).side
  expect(await side('/customers/1')).toBe('extracted')
  expect(await side('/customers/1', { accept: 'application/vnd.shop+json;version=2' })).toBe('legacy')
  expect(await side('/customers/1', { accept: 'application/vnd.shop.v2+json' })).toBe('legacy')
  expect(await side('/customers/1', { accept: 'application/json; version=1' })).toBe('extracted')
  expect(await side('/customers/1?a=1', { host: 'old.example:8080' })).toBe('legacy')
  expect(await side('/customers/1?a=2', { host: 'old.example' })).toBe('extracted')
  expect(await side('/customers/1?a=1&a=2', { host: 'old.example' })).toBe('extracted')
  expect(await side('/only', { 'x-tenant': 'a' })).toBe('extracted')
  expect(await side('/only', { 'x-tenant': 'b' })).toBe('legacy')
  expect(await side('/only')).toBe('legacy')
})

test('refuses two routes that no request could tell apart', async () => {
  await using proxy = await conditional()
  await proxy.edit(text =>
    text.replace('when: { version: 2 }', 'when: { query: { a: "1" }, host: old.example }'),
  )
  await until(() => proxy.generations.problems().length > 0)
  expect(proxy.generations.problems()).toMatchObject([
    { path: 'capabilities.second.routes.1.rest', message: expect.stringContaining('claimed') },
  ])
})

test('a request may be marked to belong to the cohort, or never to', async () => {
  await using proxy = await startTestProxy({ stage: 'canary', percent: 0 })
  await proxy.edit(text =>
    text.replace(
      'percent: 0,',
      'percent: 0, include: [{ header: X-Tester }, { header: x-group, value: beta }], exclude: [{ header: x-vip }],',
    ),
  )
  await until(() => proxy.generations.current().number === 2)
  const side = async (headers: Record<string, string>) =>
    ((await proxy.ask('/customers/1', { headers })).json as { side: string }).side
  expect(await side({})).toBe('legacy')
  expect(await side({ 'x-tester': 'anybody' })).toBe('extracted')
  expect(await side({ 'x-group': 'beta' })).toBe('extracted')
  expect(await side({ 'x-group': 'gamma' })).toBe('legacy')
  expect(await side({ 'x-tester': 'me', 'x-vip': '1' })).toBe('legacy')
})
