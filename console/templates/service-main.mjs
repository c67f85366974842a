// A service: POST /rpc/{Operation} with JSON, which the SOAP façade calls, and the REST routes of handlers.mjs.
// What it does stands there; this file serves it.
import { createServer } from 'node:http'
import * as handlers from './handlers.mjs'

const bodyLimit = 1024 * 1024
const { PORT = '0', SERVICE_DATABASE_URL, STRANGLER_SUPERVISED } = process.env
const routes = Object.entries(handlers.routes ?? {}).map(([route, handle]) => ({
  ...readRoute(route),
  handle,
}))
const database = SERVICE_DATABASE_URL === undefined ? undefined : await openDatabase(SERVICE_DATABASE_URL)

const server = createServer(async (request, response) => {
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://service')
    if (pathname === '/health/live' || pathname === '/health/ready')
      return answer(response, 200, { status: 'ok' })
    const operation = request.method === 'POST' ? operationOf(pathname) : undefined
    if (operation !== undefined)
      return answer(response, 200, (await operation(await readJson(request), database)) ?? {})
    const route = routes.find(each => each.takes(request.method, pathname))
    if (route === undefined) return answerProblem(response, 404, 'not-found', 'no such resource')
    const params = { ...route.pattern.exec(pathname).groups }
    const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await readJson(request)
    const asked = { params, query: Object.fromEntries(searchParams), body }
    answer(response, 200, (await route.handle(asked, database)) ?? {})
  } catch (error) {
    answerError(response, error)
  }
})

function operationOf(pathname) {
  const name = /^\/rpc\/([\w.-]+)$/.exec(pathname)?.[1] ?? ''
  const isOne = Object.hasOwn(handlers, name) && name !== 'fault' && name !== 'routes'
  return isOne ? Reflect.get(handlers, name) : undefined
}

/** `GET /books/{id}`, as strangler.yaml writes it; ANY takes every method, and two stars at the end everything below. */
function readRoute(route) {
  const [method, path] = route.split(' ')
  const source = path
    .replace(/[.+?^$()|[\]\\]/g, '\\$&')
    .replace(/\/\*\*$/, '(?:/.*)?')
    .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  const pattern = new RegExp(`^${source}$`)
  return { pattern, takes: (asked, at) => (method === 'ANY' || method === asked) && pattern.test(at) }
}

async function openDatabase(uri) {
  const { createPool } = await import('mysql2/promise')
  return createPool({
    uri,
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    connectionLimit: 10,
  })
}

async function readJson(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > bodyLimit) throw handlers.fault(413, 'the body is too large')
    chunks.push(chunk)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw handlers.fault(400, 'the body is no JSON')
  }
}

function answerError(response, error) {
  // The fence: this side is not the write owner, or no longer. Nothing was written; the caller may try again.
  if (error?.errno === 1644 && /^STRANGLER-FENCE/.test(error.sqlMessage ?? '')) {
    response.setHeader('retry-after', '1')
    return answerProblem(response, 503, 'write-fenced', 'writes are refused here at the moment')
  }
  if (typeof error?.status === 'number')
    return answerProblem(response, error.status, 'refused', error.message)
  process.stderr.write(`${JSON.stringify({ level: 50, msg: error?.message, stack: error?.stack })}\n`)
  answerProblem(response, 500, 'internal', 'the request failed')
}

function answer(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
}

function answerProblem(response, status, name, detail) {
  const problem = { type: `urn:problem:${name}`, title: detail, status, detail }
  answer(response, status, problem, 'application/problem+json')
}

server.listen(Number(PORT), '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, url })}\n`)
})

function stop() {
  server.close(async () => {
    await database?.end()
    process.exit(0)
  })
  server.closeIdleConnections()
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)
// strangler up holds the other end of stdin: whatever happens to it, nothing is left behind.
if (STRANGLER_SUPERVISED === '1') process.stdin.on('end', stop).resume()
