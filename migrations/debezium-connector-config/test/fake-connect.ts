import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Fake = {
  config: Record<string, string>
  state: string
  taskState: string
  trace?: string
  /** How many looks at the status still show a connector that has none yet, or the tasks of before. */
  behind: number
  taskConfig: Record<string, string>
  offsets: unknown[]
}

type Reply = { status: number; body?: unknown }

export type FakeConnect = AsyncDisposable & {
  url: string
  requests: string[]
  authorizations: (string | undefined)[]
  connectors: Map<string, Fake>
  /** The next so many requests are answered as during a rebalance. */
  rebalancing: number
  /** property → message, as Debezium's validation would answer. */
  validationErrors: Record<string, string>
  /** The next task that is started fails with this trace. */
  failWith: string | undefined
  behind: number
}

/** Kafka Connect's REST interface, 4.1: paths, statuses and bodies as the real one answers them. */
export async function startFakeConnect(): Promise<FakeConnect> {
  const server = createServer((request, response) => void handle(fake, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const fake: FakeConnect = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    authorizations: [],
    connectors: new Map(),
    rebalancing: 0,
    validationErrors: {},
    failWith: undefined,
    behind: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return fake
}

async function handle(fake: FakeConnect, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { pathname, search } = new URL(request.url ?? '/', fake.url)
  fake.requests.push(`${request.method} ${pathname}${search}`)
  fake.authorizations.push(request.headers.authorization)
  const path = pathname.split('/').map(decodeURIComponent)
  const type = request.headers['content-type'] ?? 'application/json'
  const { status, body } = type.startsWith('application/json')
    ? replyTo(fake, `${request.method}`, path, text === '' ? {} : JSON.parse(text))
    : problem(415, 'HTTP 415 Unsupported Media Type')
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

function problem(status: number, message: string): Reply {
  return { status, body: { error_code: status, message } }
}

function replyTo(fake: FakeConnect, method: string, path: readonly string[], body: unknown): Reply {
  const [, root, name = '', verb = ''] = path
  if (fake.rebalancing > 0) {
    fake.rebalancing -= 1
    return problem(409, 'Request cannot be completed because a rebalance is expected')
  }
  const config = body as Record<string, string>
  if (root === 'connector-plugins') return { status: 200, body: validation(fake, name, config) }
  if (method === 'PUT' && verb === 'config') return put(fake, name, config)
  const connector = fake.connectors.get(name)
  if (connector === undefined) {
    const message =
      verb === 'status' ? `No status found for connector ${name}` : `Connector ${name} not found`
    return problem(404, message)
  }
  if (verb === 'status' || verb === 'tasks') return look(fake, name, connector, verb)
  if (verb === 'offsets') return offsets(connector, method, body)
  switch (`${method} ${verb}`) {
    case 'GET config':
      return { status: 200, body: connector.config }
    case 'PUT pause':
    case 'PUT stop':
      connector.state = verb === 'pause' ? 'PAUSED' : 'STOPPED'
      connector.taskState = connector.state
      return { status: 202 }
    case 'PUT resume':
    case 'POST restart':
      run(fake, connector)
      return { status: 202 }
    case 'DELETE ':
      connector.state = 'DESTROYED'
      connector.behind = fake.behind
      if (fake.behind === 0) fake.connectors.delete(name)
      return { status: 204 }
    default:
      return problem(405, 'HTTP 405 Method Not Allowed')
  }
}

/** The workers take a configuration up some time after they have accepted it. */
function look(fake: FakeConnect, name: string, connector: Fake, verb: 'status' | 'tasks'): Reply {
  if (connector.state === 'DESTROYED') {
    connector.behind -= 1
    if (connector.behind === 0) fake.connectors.delete(name)
    return { status: 200, body: statusOf(name, { ...connector, state: 'RUNNING' }) }
  }
  const isNew = connector.state === 'UNASSIGNED'
  if (connector.behind > 0 && (verb === 'tasks' || isNew)) {
    connector.behind -= 1
    if (connector.behind === 0) run(fake, connector)
    if (isNew && verb === 'status') return problem(404, `No status found for connector ${name}`)
  }
  if (verb === 'status') return { status: 200, body: statusOf(name, connector) }
  return { status: 200, body: [{ id: { connector: name, task: 0 }, config: connector.taskConfig }] }
}

function offsets(connector: Fake, method: string, body: unknown): Reply {
  if (method === 'GET') return { status: 200, body: { offsets: connector.offsets } }
  if (connector.state !== 'STOPPED') {
    return problem(400, 'Connectors must be in the STOPPED state before their offsets can be modified. …')
  }
  connector.offsets = method === 'PATCH' ? (body as { offsets: unknown[] }).offsets : []
  const what = method === 'PATCH' ? 'altered' : 'reset'
  return { status: 200, body: { message: `The offsets for this connector have been ${what} successfully` } }
}

function put(fake: FakeConnect, name: string, config: Record<string, string>): Reply {
  const before = fake.connectors.get(name)
  const connector: Fake = before ?? {
    config,
    state: 'UNASSIGNED',
    taskState: 'UNASSIGNED',
    behind: fake.behind,
    taskConfig: {},
    offsets: [],
  }
  connector.config = config
  connector.behind = fake.behind
  fake.connectors.set(name, connector)
  if (fake.behind === 0 && !['PAUSED', 'STOPPED'].includes(connector.state)) run(fake, connector)
  return { status: before === undefined ? 201 : 200, body: { name, config, tasks: [], type: 'source' } }
}

function run(fake: FakeConnect, connector: Fake): void {
  connector.state = 'RUNNING'
  connector.taskState = fake.failWith === undefined ? 'RUNNING' : 'FAILED'
  connector.taskConfig = {
    ...connector.config,
    'task.class': 'io.debezium.connector.mariadb.MariaDbConnectorTask',
  }
  if (fake.failWith === undefined) delete connector.trace
  else connector.trace = fake.failWith
}

function statusOf(name: string, { state, taskState, trace }: Fake): unknown {
  const worker_id = '127.0.0.1:8083'
  const tasks =
    state === 'STOPPED' || state === 'UNASSIGNED'
      ? []
      : [{ id: 0, state: taskState, worker_id, ...(trace && { trace }) }]
  return { name, connector: { state, worker_id, version: '3.5.0.Final' }, tasks, type: 'source' }
}

function validation(fake: FakeConnect, plugin: string, config: Record<string, string>): unknown {
  const configs = Object.keys({ ...config, ...fake.validationErrors }).map(name => {
    const errors = Object.hasOwn(fake.validationErrors, name) ? [fake.validationErrors[name]] : []
    return {
      definition: { name, type: 'STRING', required: false, default_value: null, importance: 'HIGH' },
      value: { name, value: config[name] ?? null, recommended_values: [], errors, visible: true },
    }
  })
  return { name: plugin, error_count: Object.keys(fake.validationErrors).length, groups: ['Common'], configs }
}
