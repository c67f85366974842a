import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { type Listening, listen } from '@strangler/kit/listen.ts'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { type StranglerOptions, strangler } from '../src/strangler.ts'
import { ask, memoryLog, soapMessage, soapRequest, startTestProxy, token, until } from './proxy-kit.ts'

type App = { app: Express; server: Server }

/** An application with a page of its own, and strangler() where the test puts it. */
async function startApp(
  options: Partial<StranglerOptions>,
  mount: (app: Express, middleware: Awaited<ReturnType<typeof strangler>>) => void,
) {
  const files = await startTestProxy({ stage: 'extracted' })
  const middleware = await strangler({ config: files.file, token, logger: memoryLog([]), ...options })
  const { app, server }: App = (() => {
    const made = express()
    return { app: made, server: createServer(made) }
  })()
  mount(app, middleware)
  app.use((request, response) => {
    response.json({ page: request.url })
  })
  const failed: ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).json({ code: error.code })
  }
  app.use(failed)
  server.on('upgrade', middleware.upgrade)
  const listening: Listening = await listen(server, 0, '127.0.0.1', 0)
  return {
    ...files,
    url: listening.url,
    middleware,
    async [Symbol.asyncDispose]() {
      await listening.close()
      await middleware.close()
      await files[Symbol.asyncDispose]()
    },
  }
}

test('inside an express application: what a route claims is proxied, the rest is the application’s', async () => {
  await using system = await startApp({}, (app, middleware) => app.use(middleware))
  expect((await ask(system.url, '/customers/1')).json).toEqual({ side: 'extracted' })
  const created = await ask(system.url, '/customers', { method: 'POST', body: '{"a":1}' })
  expect(created.json).toEqual({ side: 'extracted' })
  expect(system.extracted.received.at(-1)?.body).toBe('{"a":1}')
  expect((await ask(system.url, '/own/page?x=1')).json).toEqual({ page: '/own/page?x=1' })
  expect((await ask(system.url, '/soap', soapRequest(soapMessage('GetCustomer')))).json).toEqual({
    side: 'extracted',
  })
  expect((await ask(system.url, '/soap', soapRequest(soapMessage('GetProduct')))).json).toEqual({
    side: 'legacy',
  })
  expect(await ask(system.url, '/a//b')).toMatchObject({ status: 400 })
})

test('matches the path that the client asked for, wherever it is mounted, and gives it back unchanged', async () => {
  await using system = await startApp({}, (app, middleware) => {
    const inner = express()
    inner.use(middleware, (request, response) => {
      response.json({ inner: request.url })
    })
    app.use('/customers', inner)
  })
  expect((await ask(system.url, '/customers/1')).json).toEqual({ side: 'extracted' })
  expect(system.extracted.received[0]?.url).toBe('/customers/1')
  expect((await ask(system.url, '/customers/1/other')).json).toEqual({ inner: '/1/other' })
})

test('is toggled like any proxy, by the file and by its admin API', async () => {
  await using system = await startApp({}, (app, middleware) => {
    app.use('/admin', middleware.admin)
    app.use(middleware)
  })
  const authorization = `Bearer ${token}`
  expect((await ask(system.url, '/admin/status')).status).toBe(401)
  expect((await ask(system.url, '/admin/status', { headers: { authorization } })).json).toMatchObject({
    capabilities: [{ name: 'customers', stage: 'extracted' }],
  })
  await system.edit(text => text.replace('expose: true', 'expose: false'))
  expect(await until(() => system.middleware.generations.current().config.expose === false)).toBe(true)
})

test('says what is wrong when a parser has taken the body before', async () => {
  await using system = await startApp({}, (app, middleware) => app.use(express.json(), middleware))
  const answer = await ask(system.url, '/customers', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(answer).toMatchObject({ status: 500, json: { code: 'BODY_TAKEN' } })
})

test('looks only at what its filter lets through', async () => {
  await using system = await startApp({ pathFilter: ['/soap', '/customers/2'] }, (app, middleware) =>
    app.use(middleware),
  )
  expect((await ask(system.url, '/customers/1')).json).toEqual({ page: '/customers/1' })
  expect((await ask(system.url, '/customers/2')).json).toEqual({ side: 'extracted' })
})

test('hands WebSockets to the route table', async () => {
  await using system = await startApp({}, (app, middleware) => app.use(middleware))
  const socket = connect(Number(new URL(system.url).port), '127.0.0.1')
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  socket.write(
    'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n',
  )
  expect(await until(() => received.includes('"side":"legacy"'))).toBe(true)
  socket.destroy()
})
