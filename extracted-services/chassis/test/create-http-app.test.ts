import { expect, test } from '@jest/globals'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import type { Problem } from '@strangler/kit/problem.ts'
import request from 'supertest'
import { addResource, createHttpApp } from '../src/http/create-http-app.ts'

type Line = Record<string, unknown> & { level: string; message: string }

function createApp(problems: readonly Problem[] = []) {
  const lines: Line[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ ...fields, level, message })
  const log = { info: write('info'), warn: write('warn'), error: write('error') } as unknown as Log
  const app = createHttpApp({
    log,
    metrics: createMetrics(),
    notReady: () => problems,
    problems: {},
    routes: app => {
      addResource(app, '/things/:id', { get: [(_request, response) => void response.json({})] })
      addResource(app, '/broken', {
        get: [
          () => {
            throw Object.assign(new Error('disk full'), { code: 'ENOSPC' })
          },
        ],
      })
    },
  })
  return { app, lines }
}

const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const traceparent = `00-${parent.traceId}-${parent.spanId}-01`

test('logs a request with the trace of its caller and a span of its own', async () => {
  const { app, lines } = createApp()
  await request(app).get('/things/7?name=secret').set('traceparent', traceparent)
  expect(lines).toEqual([
    expect.objectContaining({ level: 'info', method: 'GET', path: '/things/7', status: 200 }),
  ])
  expect(lines[0]).toMatchObject({
    trace_id: parent.traceId,
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    parent_span_id: parent.spanId,
    span: 'request',
    what: 'GET /things/:id',
  })
  expect(lines[0]?.span_id).not.toBe(parent.spanId)
})

test('begins a trace for a caller that has none, or one that is not valid', async () => {
  const { app, lines } = createApp()
  await request(app).get('/things/7')
  await request(app).get('/things/7').set('traceparent', '00-zz')
  const ids = lines.map(line => line.trace_id)
  expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)])
  expect(ids[0]).not.toBe(ids[1])
})

test('logs what nobody foresaw under the same trace, and answers nothing of it', async () => {
  const { app, lines } = createApp()
  const answer = await request(app).get('/broken').set('traceparent', traceparent)
  expect([answer.status, answer.text.includes('disk')]).toEqual([500, false])
  expect(lines.map(line => [line.level, line.trace_id])).toEqual([
    ['error', parent.traceId],
    ['error', parent.traceId],
  ])
  expect(lines[0]).toMatchObject({ message: 'disk full', error: { code: 'ENOSPC' } })
})

test('measures requests by the template of their route, never by their path', async () => {
  const { app } = createApp()
  for (const path of ['/things/1', '/things/2', '/nowhere/3']) await request(app).get(path)
  const { text } = await request(app).get('/metrics')
  expect(text).toContain(
    'strangler_http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
  )
  expect(text).toContain('{method="GET",route="none",status="404"} 1')
  expect(text).not.toContain('nowhere')
})

test('is alive whatever its dependencies do, and ready only with them', async () => {
  const problems = [{ path: 'database', message: 'the database does not answer' }]
  const { app } = createApp(problems)
  expect((await request(app).get('/health/live')).status).toBe(200)
  const ready = await request(app).get('/health/ready')
  expect([ready.status, ready.body]).toEqual([503, { status: 'unavailable', problems }])
  expect((await request(createApp().app).get('/health/ready')).status).toBe(200)
})

test('tells nobody what it is built with', async () => {
  const { headers } = await request(createApp().app).get('/things/1')
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-powered-by']))
})
