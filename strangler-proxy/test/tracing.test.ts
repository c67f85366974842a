import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { createSpanExporter } from '../src/tracing/span-exporter.ts'
import { ask, memoryLog, startTestProxy, until } from './proxy-kit.ts'

type Told = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code?: number }
  attributes: Record<string, string>
  service: string
  authorization: string | undefined
}

/** A real HTTP server that takes OTLP as a collector does. */
async function startCollector() {
  const spans: Told[] = []
  let status = 200
  let answering = true
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (!answering) return
    if (status === 200 && request.url === '/otlp/v1/traces')
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans)
        for (const span of scopeSpans[0].spans)
          spans.push({
            ...span,
            attributes: flat(span.attributes),
            service: flat(resource.attributes)['service.name'],
            authorization: request.headers['x-key'],
          })
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  const listening = await listen(server, 0, '127.0.0.1', 0)
  return {
    spans,
    tracing: { endpoint: `${listening.url}/otlp/`, headers: { 'x-key': 'k' }, service: 'the-proxy' },
    refuse: () => {
      status = 503
    },
    stall: () => {
      answering = false
    },
    [Symbol.asyncDispose]: listening.close,
  }
}

function flat(attributes: { key: string; value: object }[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]))
}

const traceId = '0af7651916cd43dd8448eb211c80319c'
const from = (sampled: boolean) => ({ traceparent: `00-${traceId}-b7ad6b7169203331-0${sampled ? 1 : 0}` })

test('tells a collector of every request and copy, below the span of the caller and above that of the upstream', async () => {
  await using collector = await startCollector()
  await using proxy = await startTestProxy(
    { stage: 'shadow', capabilityExtra: '    comparison: { noise: 0 }' },
    { tracing: collector.tracing },
  )
  proxy.extracted.answer = proxy.legacy.answer
  await proxy.ask('/customers/1?secret=s3cret', { headers: { ...from(true), cookie: 'sid=s3cret' } })
  await proxy.ask('/customers/2', { headers: from(false) })
  await proxy.ask('/elsewhere')
  expect(await until(() => collector.spans.length >= 3, 10_000)).toBe(true)
  const [request, copy] = ['GET /customers/{id}', 'copy to extracted'].map(wanted =>
    collector.spans.find(({ name }) => name === wanted),
  )
  expect(request).toMatchObject({
    traceId,
    parentSpanId: 'b7ad6b7169203331',
    kind: 2,
    status: {},
    service: 'the-proxy',
    authorization: 'k',
    attributes: {
      'http.request.method': 'GET',
      'url.path': '/customers/1',
      'http.route': 'GET /customers/{id}',
      'http.response.status_code': '200',
      'strangler.capability': 'customers',
      'strangler.side': 'legacy',
      'strangler.effect': 'read',
      'strangler.generation': '1',
      'strangler.outcome': 'replied',
    },
  })
  expect(copy).toMatchObject({ traceId, parentSpanId: request!.spanId, kind: 3 })
  expect(collector.spans.find(({ name }) => name === 'GET')?.parentSpanId).toBeUndefined()
  expect(collector.spans.filter(span => span.traceId === traceId)).toHaveLength(2)
  expect(BigInt(request!.endTimeUnixNano) >= BigInt(request!.startTimeUnixNano)).toBe(true)
  expect(Math.abs(Number(request!.endTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000)
  const spanOf = (header: unknown) => String(header).split('-')[2]
  expect(spanOf(proxy.legacy.received[0]?.headers.traceparent)).toBe(request!.spanId)
  expect(spanOf(proxy.extracted.received[0]?.headers.traceparent)).toBe(copy!.spanId)
  expect(JSON.stringify(collector.spans)).not.toContain('s3cret')
})

test('a request that fails is a span that failed', async () => {
  await using collector = await startCollector()
  await using proxy = await startTestProxy(
    { stage: 'extracted' },
    { tracing: collector.tracing, urls: { extracted: 'http://127.0.0.1:9' } },
  )
  await proxy.ask('/customers/1')
  await proxy.ask('/a//b', { headers: from(true) })
  expect(await until(() => collector.spans.length === 2, 10_000)).toBe(true)
  expect(collector.spans[1]).toMatchObject({
    traceId,
    status: {},
    attributes: { 'http.response.status_code': '400', 'strangler.outcome': 'refused-by-proxy' },
  })
  expect(collector.spans[0]).toMatchObject({
    status: { code: 2 },
    attributes: { 'strangler.outcome': 'refused', 'http.response.status_code': '502' },
  })
})

const span = (index: number) => ({
  context: { traceId, spanId: index.toString(16).padStart(16, '0'), sampled: true },
  parentSpanId: undefined,
  name: 'x',
  kind: 'server' as const,
  startMs: 0,
  endMs: 1,
  failed: false,
  attributes: {},
})

test('a collector that refuses, or is silent, costs spans, which are counted, and nothing else', async () => {
  await using collector = await startCollector()
  const logged: Record<string, unknown>[] = []
  const exporter = createSpanExporter(collector.tracing, memoryLog(logged))
  collector.refuse()
  for (let index = 0; index < 600; index++) exporter.add(span(index))
  expect(await until(() => exporter.dropped()['not-taken'] === 600, 10_000)).toBe(true)
  expect(logged.filter(({ msg }) => msg === 'the collector takes no spans')).toHaveLength(1)
  collector.stall()
  for (let index = 0; index < 10_000; index++) exporter.add(span(index))
  expect(exporter.dropped()['queue-full']).toBeGreaterThan(5_000)
  await exporter.close()
}, 60_000)

test('drops are in the metrics; without a collector nothing is collected', async () => {
  await using traced = await startTestProxy(
    {},
    { tracing: { endpoint: 'http://127.0.0.1:9', headers: {}, service: 'p' } },
  )
  await traced.ask('/x')
  const metric = async () => (await ask(traced.adminUrl, '/metrics')).text
  expect(
    await until(async () => (await metric()).includes('strangler_spans_dropped{reason="not-taken"} 1')),
  ).toBe(true)
  await using plain = await startTestProxy()
  expect((await ask(plain.adminUrl, '/metrics')).text).not.toContain('strangler_spans_dropped{')
})
