import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Listening, listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { pino } from 'pino'
import { Agent, type Dispatcher, request } from 'undici'
import { type ProxyOptions, type RunningProxy, startProxy } from '../src/start-proxy.ts'

export const token = 'a-token-of-the-tests'

export type Received = { method: string; url: string; headers: IncomingHttpHeaders; body: string }

export type TestUpstream = Listening & {
  received: Received[]
  /** Replaces what is answered; the default names the upstream. */
  answer: (request: Received, response: ServerResponse, raw: IncomingMessage) => void
}

/** A real server that records what it gets. */
export async function startUpstream(name: string, port = 0): Promise<TestUpstream> {
  const received: Received[] = []
  const server = createServer(async (raw, response) => {
    const { method = '', url = '', headers } = raw
    // A client that leaves in the middle of its body is part of some tests.
    const body = await text(raw).catch(() => undefined)
    if (body === undefined) return
    const seen = { method, url, headers, body }
    received.push(seen)
    upstream.answer(seen, response, raw)
  })
  const upstream: TestUpstream = {
    ...(await listen(server, port, '127.0.0.1', 0)),
    received,
    answer: (_request, response) => sendJson(response, { side: name }),
  }
  return upstream
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export type TestProxy = RunningProxy & {
  file: string
  legacy: TestUpstream
  extracted: TestUpstream
  logged: Record<string, unknown>[]
  ask(path: string, options?: Partial<Dispatcher.RequestOptions>): Promise<Answer>
  admin(method: string, path: string, body?: unknown): Promise<Answer>
  /** Ends it and starts another one on the same file, upstreams and options. */
  restart(): Promise<RunningProxy>
  /** Replaces the file by rename, as editors do. */
  edit(change: (text: string) => string): Promise<void>
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; json: unknown }

/** The stage and what goes with it, in a configuration with one upstream per side. */
export type TestConfig = {
  stage?: string
  writes?: string
  data?: string
  percent?: number
  key?: string
  extra?: string
  capabilityExtra?: string
}

export function configText(
  {
    stage = 'legacy',
    writes,
    data = 'synced',
    percent = 10,
    key = 'cookie:sid',
    extra = '',
    ...more
  }: TestConfig,
  legacyUrl: string,
  extractedUrl: string,
): string {
  const owner = writes ?? (stage === 'extracted' || stage === 'retired' ? 'extracted' : 'legacy')
  return `version: 1
upstreams:
  legacy:    { url: "${legacyUrl}" }
  extracted: { url: "${extractedUrl}" }
default: legacy
expose: true
${extra}
capabilities:
  customers:
    stage: ${stage}  # the toggle
    writes: ${owner}
    data: ${data}
    canary: { percent: ${percent}, key: "${key}" }
${more.capabilityExtra ?? '    comparison: { noise: 0, minSamples: 1 }'}
    routes:
      - { rest: "GET /customers/{id}", effect: read,  legacy: legacy, extracted: extracted }
      - { rest: "POST /customers",     effect: write, legacy: legacy, extracted: extracted }
      - { soap: "/soap#GetCustomer",   effect: read,  legacy: legacy, extracted: extracted }
      - { soap: "/soap#CreateCustomer", effect: write, legacy: legacy, extracted: extracted }
`
}

/** A proxy between two recording upstreams; `using` it closes all three. */
export async function startTestProxy(
  config: TestConfig = {},
  options: Partial<ProxyOptions> & { urls?: { legacy?: string; extracted?: string } } = {},
): Promise<TestProxy & AsyncDisposable> {
  const { urls, ...proxyOptions } = options
  const [legacy, extracted] = await Promise.all([startUpstream('legacy'), startUpstream('extracted')])
  const folder = await mkdtemp(join(tmpdir(), 'strangler-proxy-'))
  const file = join(folder, 'strangler.yaml')
  await writeFile(file, configText(config, urls?.legacy ?? legacy.url, urls?.extracted ?? extracted.url))
  const logged: Record<string, unknown>[] = []
  const start = () =>
    startProxy({
      config: file,
      listen: { host: '127.0.0.1', port: 0 },
      admin: { host: '127.0.0.1', port: 0 },
      token,
      log: memoryLog(logged),
      ...proxyOptions,
    })
  const end = async () => {
    await Promise.all([legacy.close(), extracted.close()])
    await rm(folder, { recursive: true })
  }
  let running = await start().catch(async error => {
    await end()
    throw error
  })
  const proxy = running
  return {
    ...proxy,
    async restart() {
      await running.close()
      running = await start()
      return running
    },
    file,
    legacy,
    extracted,
    logged,
    ask: (path, more) => ask(running.url, path, more),
    admin: (method, path, body) =>
      ask(running.adminUrl, path, {
        method: method as Dispatcher.HttpMethod,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      }),
    async edit(change) {
      const draft = `${file}.${randomBytes(4).toString('hex')}`
      await writeFile(draft, change(await readFile(file, 'utf8')))
      await rename(draft, file)
    },
    async [Symbol.asyncDispose]() {
      hangUp()
      await running.close()
      await end()
    },
  }
}

export function memoryLog(lines: Record<string, unknown>[]): Log {
  return pino({ level: 'debug' }, { write: line => lines.push(JSON.parse(line)) })
}

/** Connections of the tests' clients. A proxy that ends waits a moment for idle ones: those of its test are gone by then. */
let clients = new Agent()

function hangUp(): void {
  void clients.close()
  clients = new Agent()
}

export async function ask(
  base: string,
  path: string,
  options: Partial<Dispatcher.RequestOptions> = {},
): Promise<Answer> {
  const { statusCode, headers, body } = await request(new URL(path, base), {
    method: 'GET',
    dispatcher: clients,
    ...options,
  } as Parameters<typeof request>[1])
  const answered = await body.text()
  let json: unknown
  try {
    json = JSON.parse(answered)
  } catch {
    json = undefined
  }
  return { status: statusCode, headers, text: answered, json }
}

/** Sends bytes as they are and answers everything that came back until the connection ended or went silent. */
export async function sendRaw(url: string, bytes: string, silenceMs = 300): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.setTimeout(silenceMs, () => socket.destroy())
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  await new Promise(resolve => socket.on('close', resolve))
  return received
}

/** Polls until the check answers something true. */
export async function until<T>(check: () => T | Promise<T>, withinMs = 3_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await check()
    if (found || performance.now() > deadline) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export function soapMessage(operation: string, inside = '', version: '1.1' | '1.2' = '1.1'): string {
  const namespace =
    version === '1.1'
      ? 'http://schemas.xmlsoap.org/soap/envelope/'
      : 'http://www.w3.org/2003/05/soap-envelope'
  return `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="${namespace}"><soap:Header/><soap:Body>
  <c:${operation} xmlns:c="urn:shop:2009:customers">${inside}</c:${operation}>
</soap:Body></soap:Envelope>`
}

export function soapRequest(body: string, action?: string): Partial<Dispatcher.RequestOptions> {
  return {
    method: 'POST',
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      ...(action === undefined ? {} : { soapaction: `"${action}"` }),
    },
    body,
  }
}
