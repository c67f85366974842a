import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { handlersText } from '../src/init/service-text.ts'

jest.setTimeout(60_000)

const written = `
export const routes = {
  'GET /books/{id}': async ({ params, query }) => ({ id: params.id, by: query.by }),
  'POST /books': async ({ body }) => ({ added: body.title }),
  'ANY /shelves/**': async () => ({ shelf: true }),
}
export function fault(status, detail) {
  return Object.assign(new Error(detail), { status })
}
export async function GetBook({ bookNo }) {
  if (bookNo === '0') throw fault(404, 'there is no book 0')
  if (bookNo === 'fenced') throw Object.assign(new Error('x'), { errno: 1644, sqlMessage: 'STRANGLER-FENCE capability books' })
  if (bookNo === 'defect') throw new Error('a secret of the database')
  return { bookNo }
}
`
const drafted = handlersText({
  capability: 'books',
  soap: undefined,
  rest: [{ route: 'GET /books/{id}', effect: 'read' }],
} as never)

const running: ChildProcess[] = []
let folder: string
let url: string
let draftUrl: string

async function start(name: string, handlers: string): Promise<string> {
  const main = join(folder, name, 'main.mjs')
  await mkdir(join(folder, name))
  await copyFile(join(import.meta.dirname, '../templates/service-main.mjs'), main)
  await writeFile(join(folder, name, 'handlers.mjs'), handlers)
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'ignore'] })
  running.push(child)
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
  return (JSON.parse(line) as { url: string }).url
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-service-'))
  url = await start('written', written)
  draftUrl = await start('drafted', drafted)
})
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
  }
  await rm(folder, { recursive: true, force: true })
})

const ask = async (method: string, path: string, body?: unknown, base = url) => {
  const response = await fetch(`${base}${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, retry: response.headers.get('retry-after'), body: await response.json() }
}

test('operations are answered at /rpc, REST routes where strangler.yaml has them', async () => {
  expect(await ask('POST', '/rpc/GetBook', { bookNo: '7' })).toMatchObject({
    status: 200,
    body: { bookNo: '7' },
  })
  expect(await ask('GET', '/books/7?by=ann')).toMatchObject({ status: 200, body: { id: '7', by: 'ann' } })
  expect(await ask('POST', '/books', { title: 'Solaris' })).toMatchObject({ body: { added: 'Solaris' } })
  expect(await ask('DELETE', '/shelves/a/b')).toMatchObject({ body: { shelf: true } })
  expect(await ask('GET', '/health/ready')).toMatchObject({ status: 200 })
})

test.each([
  ['GET', '/books', undefined, 404, 'not-found'],
  ['POST', '/rpc/fault', {}, 404, 'not-found'],
  ['POST', '/rpc/constructor', {}, 404, 'not-found'],
  ['POST', '/books', '{', 400, 'refused'],
  ['POST', '/books', `"${'x'.repeat(1_100_000)}"`, 413, 'refused'],
  ['POST', '/rpc/GetBook', { bookNo: '0' }, 404, 'refused'],
  ['POST', '/rpc/GetBook', { bookNo: 'defect' }, 500, 'internal'],
])('%s %s is refused as it should be', async (method, path, body, status, type) => {
  const answer = await ask(method, path, body)
  expect(answer).toMatchObject({ status, body: { type: `urn:problem:${type}` } })
  expect(JSON.stringify(answer)).not.toContain('a secret')
})

test('a write that the fence refuses may be tried again', async () => {
  expect(await ask('POST', '/rpc/GetBook', { bookNo: 'fenced' })).toMatchObject({
    status: 503,
    retry: '1',
    body: { type: 'urn:problem:write-fenced' },
  })
})

test('what init drafts runs, and says of each route that it is not written yet', async () => {
  const answer = await ask('GET', '/books/7', undefined, draftUrl)
  expect(answer).toMatchObject({ status: 501, body: { detail: expect.stringContaining('GET /books/{id}') } })
})
