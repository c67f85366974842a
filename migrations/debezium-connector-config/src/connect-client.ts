import { setTimeout as delay } from 'node:timers/promises'
import { type ConnectOptions, type ConnectRequest, createConnectRequest } from './connect-request.ts'
import type { ConnectorConfig, Finding } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { isSecretName, maskText } from './mask-secrets.ts'
import { sentenceOf } from './task-trace.ts'

export type RunState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING' | 'MISSING'
export type TaskStatus = { id: number; state: RunState; worker: string; trace?: string }
export type ConnectorStatus = {
  name: string
  state: RunState
  worker: string
  trace?: string
  tasks: TaskStatus[]
}
export type ConnectorOffset = { partition: Record<string, unknown>; offset: Record<string, unknown> | null }

export type ConnectClient = {
  /** Debezium's own validation, with a connection to the database; what it calls an error comes back as a finding. */
  validate(config: ConnectorConfig): Promise<Finding[]>
  /** The configuration that Connect holds, secrets included; undefined when there is no such connector. */
  config(name: string): Promise<Record<string, string> | undefined>
  putConfig(name: string, config: ConnectorConfig): Promise<'created' | 'updated'>
  /** State of connector and tasks; undefined when there is none (yet). Traces come as one sentence. */
  status(name: string): Promise<ConnectorStatus | undefined>
  taskConfigs(name: string): Promise<Record<string, string>[]>
  /** These three return when the state is reached. */
  pause(name: string, options?: WaitOptions): Promise<ConnectorStatus>
  resume(name: string, options?: WaitOptions): Promise<ConnectorStatus>
  stop(name: string, options?: WaitOptions): Promise<ConnectorStatus>
  /** Connector and tasks; with `onlyFailed` those that failed. */
  restart(name: string, options?: { onlyFailed?: boolean } & WaitOptions): Promise<ConnectorStatus>
  offsets(name: string): Promise<ConnectorOffset[]>
  /** The connector must be stopped. */
  alterOffsets(name: string, offsets: readonly ConnectorOffset[]): Promise<string>
  resetOffsets(name: string): Promise<string>
  /** Whether there was one to delete; returns when it is gone. Its offsets stay: the same name goes on where it was. */
  delete(name: string, options?: WaitOptions): Promise<boolean>
  /** Waits until the connector and all its tasks are in `state`. @throws CONNECTOR_FAILED, WAIT_TOO_LONG */
  waitFor(name: string, state: RunState, options?: WaitOptions): Promise<ConnectorStatus>
}

export type WaitOptions = { waitMs?: number; secrets?: ConnectorConfig }

/** Kafka Connect's REST interface (3.6 or later). Every call can throw what createConnectRequest names. */
export function createConnectClient(options: ConnectOptions): ConnectClient {
  const request = createConnectRequest(options)
  const pollMs = options.pollMs ?? 500
  const at = (name: string, rest = '') => `/connectors/${encodeURIComponent(name)}${rest}`

  const status = async (name: string, secrets: ConnectorConfig = {}) => {
    const { status: code, body } = await request('GET', at(name, '/status'), { accept: [404] })
    return code === 404 ? undefined : readStatus(body, secrets)
  }
  const waitFor: ConnectClient['waitFor'] = async (name, state, { waitMs = 60_000, secrets = {} } = {}) => {
    const deadline = Date.now() + waitMs
    for (;;) {
      const seen = await status(name, secrets)
      if (seen !== undefined && hasReached(seen, state)) return seen
      const failed = seen && [seen, ...seen.tasks].find(part => part.state === 'FAILED')
      if (failed !== undefined && state === 'RUNNING') throw connectorFailed(name, failed, seen!)
      if (Date.now() >= deadline) throw waitedTooLong(name, state, seen, waitMs)
      await delay(pollMs)
    }
  }
  const move =
    (verb: 'pause' | 'resume' | 'stop', state: RunState) =>
    async (name: string, wait: WaitOptions = {}): Promise<ConnectorStatus> => {
      await request('PUT', at(name, `/${verb}`))
      return waitFor(name, state, wait)
    }

  return {
    validate: config => validate(request, config),
    config: async name => {
      const { status: code, body } = await request('GET', at(name, '/config'), { accept: [404] })
      return code === 404 ? undefined : (body as Record<string, string>)
    },
    putConfig: async (name, config) => {
      const { status: code } = await request('PUT', at(name, '/config'), { body: config, secrets: config })
      return code === 201 ? 'created' : 'updated'
    },
    status: name => status(name),
    taskConfigs: async name => {
      const { status: code, body } = await request('GET', at(name, '/tasks'), { accept: [404] })
      return code === 404 ? [] : (body as { config: Record<string, string> }[]).map(task => task.config)
    },
    pause: move('pause', 'PAUSED'),
    resume: move('resume', 'RUNNING'),
    stop: move('stop', 'STOPPED'),
    restart: async (name, { onlyFailed = false, ...wait } = {}) => {
      await request('POST', at(name, '/restart'), { query: { includeTasks: true, onlyFailed } })
      // The answer is 202: the state that is read at once may still be the one before.
      await delay(pollMs)
      return waitFor(name, 'RUNNING', wait)
    },
    offsets: async name =>
      ((await request('GET', at(name, '/offsets'))).body as { offsets: ConnectorOffset[] }).offsets,
    alterOffsets: (name, offsets) => changeOffsets(request, 'PATCH', at(name, '/offsets'), name, { offsets }),
    resetOffsets: name => changeOffsets(request, 'DELETE', at(name, '/offsets'), name),
    delete: async (name, { waitMs = 60_000 } = {}) => {
      const { status: code } = await request('DELETE', at(name), { accept: [404] })
      const deadline = Date.now() + waitMs
      // The answer comes before the tasks have ended: until then the same name can't start cleanly.
      for (let seen = await status(name); seen !== undefined; seen = await status(name)) {
        if (Date.now() >= deadline) throw waitedTooLong(name, 'MISSING', seen, waitMs)
        await delay(pollMs)
      }
      return code !== 404
    },
    waitFor,
  }
}

type ValidationAnswer = {
  configs: { value: { name: string; errors: string[] } }[]
}

async function validate(request: ConnectRequest, config: ConnectorConfig): Promise<Finding[]> {
  const plugin = encodeURIComponent(config['connector.class'] ?? '')
  const { body } = await request('PUT', `/connector-plugins/${plugin}/config/validate`, {
    body: config,
    secrets: config,
  })
  return (body as ValidationAnswer).configs.flatMap(({ value }) =>
    value.errors.map(
      (message): Finding => ({
        severity: 'error',
        property: value.name,
        message: isSecretName(value.name) ? 'refused by the connector' : maskText(message, config),
      }),
    ),
  )
}

async function changeOffsets(
  request: ConnectRequest,
  method: 'PATCH' | 'DELETE',
  path: string,
  name: string,
  body?: unknown,
): Promise<string> {
  try {
    const answer = await request(method, path, { body })
    return String((answer.body as { message?: unknown }).message ?? '')
  } catch (error) {
    const isRunning = error instanceof ConnectorConfigError && error.details.status === 400
    if (!isRunning || !/stopped/i.test(error.message)) throw error
    throw new ConnectorConfigError(
      'CONNECTOR_NOT_STOPPED',
      `${name} must be stopped before its offsets can change`,
      {
        details: error.details,
        hint: 'stop it, change the offsets, resume it (pausing is not enough)',
      },
    )
  }
}

function readStatus(body: unknown, secrets: ConnectorConfig): ConnectorStatus {
  type Part = { state: RunState; worker_id: string; trace?: string }
  const { name, connector, tasks } = body as {
    name: string
    connector: Part
    tasks: (Part & { id: number })[]
  }
  const read = ({ state, worker_id: worker, trace }: Part) => ({
    state,
    worker,
    ...(trace ? { trace: maskText(sentenceOf(trace), secrets) } : {}),
  })
  return { name, ...read(connector), tasks: tasks.map(task => ({ id: task.id, ...read(task) })) }
}

/** A stopped connector has no tasks; a running or paused one has at least one, and all of them are in that state. */
function hasReached({ state, tasks }: ConnectorStatus, wanted: RunState): boolean {
  if (state !== wanted) return false
  return wanted === 'STOPPED'
    ? tasks.length === 0
    : tasks.length > 0 && tasks.every(task => task.state === wanted)
}

function connectorFailed(
  name: string,
  part: { trace?: string; id?: number },
  status: ConnectorStatus,
): ConnectorConfigError {
  const which = part.id === undefined ? name : `task ${part.id} of ${name}`
  return new ConnectorConfigError('CONNECTOR_FAILED', `${which} failed: ${part.trace ?? 'no reason given'}`, {
    details: { status },
    hint: "mend the cause, then restart it; the whole trace is in the worker's log",
  })
}

function waitedTooLong(
  name: string,
  wanted: RunState,
  seen: ConnectorStatus | undefined,
  waitMs: number,
): ConnectorConfigError {
  const is =
    seen === undefined
      ? 'has no status'
      : `is ${[seen, ...seen.tasks].map(part => part.state).join(', task ')}`
  return new ConnectorConfigError('WAIT_TOO_LONG', `${name} ${is}, not ${wanted}, after ${waitMs} ms`, {
    details: { waitMs, ...(seen === undefined ? {} : { status: seen }) },
    hint: "read the worker's log; a large snapshot does not hold up RUNNING",
  })
}
