import { join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { type Dashboard, startDashboard } from '../src/dashboard/start-dashboard.ts'
import { type Asked, type FakeServer, startFake } from './fake-system.ts'

export const token = 'the-operators-token'
export const viewerToken = 'the-viewers-token'

export const customers = {
  name: 'customers',
  stage: 'canary',
  writes: 'legacy',
  percent: 25,
  lagMs: 3,
  positionsBehind: 0,
  comparison: {
    samples: 9,
    matched: 8,
    ignored: 0,
    diverged: 1,
    errors: 0,
    noise: 0,
    verdict: 'insufficient',
  },
  lastDrill: null,
  hold: null,
  owner: 'legacy',
  epoch: 1,
  phase: 'syncing',
}

/** What a proxy tells of its generations, and answers to a change. */
export const generations = {
  generation: 3,
  generations: [
    {
      number: 3,
      at: '2026-01-02T00:00:00.000Z',
      by: 'ada',
      reason: 'ten percent',
      hash: 'aaa',
      changes: [{ path: 'capabilities.customers.canary.percent', before: '0', after: '10' }],
    },
    { number: 2, at: '2026-01-01T00:00:00.000Z', by: 'bob', reason: 'begin', hash: 'bbb', changes: [] },
  ],
}

export type Answers = {
  /** The capability as engine and proxy describe it; changed by a test as it goes. */
  capability: typeof customers
  /** The lines that a verb answers. */
  verb: readonly unknown[]
  /** How long the verb takes, in milliseconds. */
  verbMs: number
  divergences: readonly unknown[]
}

export type Running = AsyncDisposable & {
  dashboard: Dashboard
  engine: FakeServer
  proxy: FakeServer
  answers: Answers
  /** A call as a page of the dashboard makes it. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>
  /** Signs in; answers the cookie. */
  signIn(by?: string, asWhom?: string): Promise<string>
}

export type CallOptions = { body?: unknown; cookie?: string; headers?: Record<string, string> }

/** A dashboard before an engine and a proxy that answer as told. */
export async function startRunning(portalFile?: string): Promise<Running> {
  const answers: Answers = { capability: customers, verb: [], verbMs: 0, divergences: [] }
  const engine = await startFake(async ({ method, path }, response) => {
    if (method === 'POST') {
      await new Promise(resolve => setTimeout(resolve, answers.verbMs))
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      for (const line of answers.verb) response.write(`${JSON.stringify(line)}\n`)
      response.end()
      return
    }
    response.end(JSON.stringify(engineDocument(path, answers)))
  })
  const proxy = await startFake(({ path }: Asked, response) => {
    if (path === '/metrics') response.end('')
    else response.end(JSON.stringify(proxyDocument(path, answers)))
  })
  const dashboard = await startDashboard({
    host: '127.0.0.1',
    port: 0,
    engineUrl: engine.url,
    proxies: [proxy.url],
    token,
    viewerToken,
    hostNames: ['strangler.example'],
    portalFile,
    folder: join(import.meta.dirname, '..', 'dashboard'),
    clock: systemClock,
    log: createLog('dashboard', 'silent'),
  })
  const call: Running['call'] = (method, path, { body, cookie, headers } = {}) =>
    fetch(`${dashboard.url}${path}`, {
      method,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(method === 'GET' ? {} : { origin: dashboard.url, 'content-type': 'application/json' }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  // The first look at the system is done when a capability is known.
  const signIn = async (by = 'ada', asWhom = token) => {
    const response = await call('POST', '/api/session', { body: { token: asWhom, by } })
    const cookie = response.headers.get('set-cookie')!.split(';')[0]!
    while ((await call('GET', '/api/capabilities/customers/history', { cookie })).status === 503)
      await new Promise(resolve => setTimeout(resolve, 20))
    return cookie
  }
  return {
    dashboard,
    engine,
    proxy,
    answers,
    call,
    signIn,
    [Symbol.asyncDispose]: async () => {
      await dashboard.close()
      await engine[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

function engineDocument(path: string, { capability }: Answers): unknown {
  if (path.startsWith('/audit')) return [{ seq: 1, capability: 'customers', verb: 'stage' }]
  if (path.endsWith('/plan'))
    return {
      steps: [
        { name: 'backfill', kind: 'backfill', state: 'done', description: 'Copy.', refusals: [] },
        { name: 'shadow', kind: 'stage', state: 'pending', description: 'Compare.', refusals: [] },
        {
          name: 'cutover',
          kind: 'cutover',
          state: 'refused',
          description: 'Move.',
          refusals: [{ code: 'DRILL_MISSING', message: 'never drilled' }],
        },
      ],
    }
  return { generation: 3, problems: [], capabilities: [capability] }
}

function proxyDocument(path: string, { capability, divergences }: Answers): unknown {
  if (path.startsWith('/admin/generations')) return generations
  if (path.startsWith('/admin/comparisons'))
    return {
      ...capability.comparison,
      routes: [{ route: 'GET /customers/{id}', ...capability.comparison }],
      divergences,
    }
  return {
    generation: 3,
    problems: [],
    capabilities: [
      { ...capability, data: 'synced', breaker: { rest: 'open', customers: 'closed' }, pinned: 2 },
    ],
  }
}

export type ServerEvent = { event: string; data: unknown }

/** The events of a stream, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body!) {
    const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as unknown }
    }
  }
}

/** The first event that fits; the stream is left then. */
export async function eventually(
  response: Response,
  fits: (event: ServerEvent) => boolean,
): Promise<ServerEvent> {
  for await (const event of eventsOf(response)) if (fits(event)) return event
  throw new Error('the stream ended before the event came')
}
