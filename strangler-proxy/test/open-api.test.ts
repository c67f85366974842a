import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { failure } from '../src/admin/admin-answers.ts'
import { openApiDocument } from '../src/admin/open-api-document.ts'
import { operations } from '../src/admin/operations.ts'
import { ask, startTestProxy, token, until } from './proxy-kit.ts'

const folder = join(import.meta.dirname, '../src/admin')

test('every call that the admin API takes stands in its document, and nothing else does', () => {
  const code = readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8'))
  const taken = code.flatMap(text =>
    [...text.matchAll(/\b(?:app|router)\.(get|post|put|delete)\('([^']+)'/g)].map(
      ([, method, path]) => `${method} ${path!.replace(/:(\w+)/g, '{$1}')}`,
    ),
  )
  const told = operations.map(({ method, path }) => `${method} ${path}`)
  expect(told.toSorted()).toEqual(taken.toSorted())
})

test('the document is served, names what it refers to, and says which parameters are required', async () => {
  await using proxy = await startTestProxy()
  const { status, json, text } = await proxy.admin('GET', '/admin/openapi.json')
  expect(status).toBe(200)
  expect(json).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
  for (const [, place] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = place!.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], json)
    expect([place, typeof found]).toEqual([place, 'object'])
  }
  const release = openApiDocument().paths['/admin/holds/{capability}']?.delete
  expect(release).toMatchObject({
    parameters: [
      { name: 'capability', in: 'path', required: true },
      { name: 'epoch', in: 'query', required: true, schema: { type: 'integer', minimum: 0 } },
    ],
  })
  expect(openApiDocument().paths['/admin/holds/{capability}']?.get).toMatchObject({
    parameters: [{}, { name: 'drainedWithinMs', required: false, schema: { default: 0 } }],
  })
})

/** Calls in an order in which all of them succeed. */
const tour: [string, string, object?][] = [
  ['get', '/admin/status'],
  ['get', '/admin/openapi.json'],
  ['post', '/admin/generations', { changes: [{ capability: 'customers', stage: 'shadow' }], by: 'ann' }],
  ['get', '/admin/generations'],
  ['get', '/admin/generations/2'],
  ['post', '/admin/reload'],
  ['post', '/admin/holds', { capability: 'customers', epoch: 1, leaseMs: 60_000 }],
  ['get', '/admin/holds/customers?drainedWithinMs=10'],
  ['put', '/admin/holds/customers', { epoch: 1, leaseMs: 60_000 }],
  ['get', '/admin/status'],
  ['delete', '/admin/holds/customers?epoch=1'],
  ['get', '/admin/comparisons/customers'],
  ['delete', '/admin/comparisons/customers'],
  ['post', '/admin/recordings', { capability: 'customers' }],
  ['get', '/admin/recordings'],
  ['delete', '/admin/recordings/RECORDING'],
  ['put', '/admin/services/catalog/instances/one', { url: 'http://127.0.0.1:9', ttlMs: 60_000 }],
  ['get', '/admin/services'],
  ['get', '/admin/services/catalog/instances'],
  ['delete', '/admin/services/catalog/instances/one'],
  ['post', '/admin/generations/1/revert', { by: 'ann' }],
  ['get', '/admin/audit'],
  ['get', '/admin/audit?verify=true'],
]

const operationOf = (method: string, target: string) => {
  const path = target.split('?', 1)[0]!
  return operations.find(
    one => one.method === method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )!
}

test('every answer is what the document says', async () => {
  await using proxy = await startTestProxy({ stage: 'legacy' })
  await proxy.edit(text =>
    text.replace(/legacy: +\{ url: ("[^"]*")/, 'legacy: { url: $1, bulkhead: { inFlight: 9 }'),
  )
  await until(() => proxy.generations.current().number === 2)
  await proxy.admin('POST', '/admin/generations/1/revert', {})
  proxy.extracted.answer = (_request, response) => response.end('{"side":"another"}')
  const called = new Set<string>()
  let recording = ''
  for (const [method, target, body] of tour) {
    const operation = operationOf(method, target)
    called.add(`${method} ${operation.path}`)
    const answer = await proxy.admin(method.toUpperCase(), target.replace('RECORDING', recording), body)
    expect([method, target, answer.status]).toEqual([method, target, operation.status ?? 200])
    const checked = operation.answer?.safeParse(answer.json)
    expect([method, target, checked?.error?.issues]).toEqual([method, target, undefined])
    if (operation.answer === undefined) expect(answer.text).toBe('')
    if (target === '/admin/recordings' && method === 'post') recording = (answer.json as { id: string }).id
    if (target === '/admin/reload') {
      await proxy.ask('/customers/1')
      await until(async () =>
        JSON.stringify((await proxy.admin('GET', '/admin/status')).json).includes('"diverged":1'),
      )
    }
  }
  expect([...called].toSorted()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).toSorted())
})

test('every refusal has the one form, and a status that the document names', async () => {
  await using proxy = await startTestProxy(
    {},
    { viewerToken: 'a-token-of-a-viewer', registrantToken: 'a-token-of-one' },
  )
  const refused: [string, string, object | undefined, string][] = [
    ['get', '/admin/status', undefined, 'wrong'],
    ['post', '/admin/reload', undefined, 'a-token-of-a-viewer'],
    ['get', '/admin/status', undefined, 'a-token-of-one'],
    ['get', '/admin/generations/99', undefined, token],
    ['post', '/admin/generations', { changes: [{ capability: 'none', stage: 'shadow' }] }, token],
    ['post', '/admin/generations', { changes: [{ capability: 'customers', stage: 'extracted' }] }, token],
    ['post', '/admin/generations', { changes: [{ capability: 'customers', writes: 'extracted' }] }, token],
    ['post', '/admin/holds', { capability: 'customers' }, token],
    ['delete', '/admin/holds/customers?epoch=1', undefined, token],
    ['delete', '/admin/recordings/none', undefined, token],
    ['put', '/admin/services/catalog/instances/a', { url: 'ftp://x' }, token],
    ['get', '/admin/audit?limit=0', undefined, token],
  ]
  for (const [method, target, body, bearer] of refused) {
    const answer = await ask(proxy.adminUrl, target, {
      method: method.toUpperCase() as 'GET',
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const document = openApiDocument().paths[operationOf(method, target).path]?.[method]
    const { responses } = document as { responses: Record<string, unknown> }
    expect([target, Object.keys(responses)]).toEqual([
      target,
      expect.arrayContaining([String(answer.status)]),
    ])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect([target, failure.safeParse(answer.json).error?.issues]).toEqual([target, undefined])
  }
})
