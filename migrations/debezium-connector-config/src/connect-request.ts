import { setTimeout as delay } from 'node:timers/promises'
import axios, { isAxiosError } from 'axios'
import type { ConnectorConfig } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { maskText } from './mask-secrets.ts'

export type ConnectOptions = {
  /** The REST endpoint of any worker, such as `http://127.0.0.1:8083`; a login in it is sent as basic authentication. */
  url: string
  /** Of one request. Default 30 000: validating connects to the database. */
  timeoutMs?: number
  /** How long a rebalance is waited out before a request is given up. Default 60 000. */
  rebalanceMs?: number
  /** Between two attempts or looks. Default 500. */
  pollMs?: number
}

export type ConnectResponse = { status: number; body: unknown }

export type ConnectRequest = (
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  request?: {
    body?: unknown
    query?: Record<string, boolean>
    secrets?: ConnectorConfig
    accept?: readonly number[]
  },
) => Promise<ConnectResponse>

/**
 * One request to Kafka Connect. 409 means that the workers are sharing out their tasks anew: the request is repeated
 * until `rebalanceMs` are over.
 * @returns a function that throws ConnectorConfigError CONNECT_UNREACHABLE, CONNECTOR_MISSING (404),
 *   REBALANCE_TOO_LONG, CONNECT_FAILED
 */
export function createConnectRequest(options: ConnectOptions): ConnectRequest {
  const { timeoutMs = 30_000, rebalanceMs = 60_000, pollMs = 500 } = options
  const { origin, base, auth } = readUrl(options.url)
  const client = axios.create({
    baseURL: base,
    timeout: timeoutMs,
    maxRedirects: 0,
    maxContentLength: 16 * 1024 * 1024,
    proxy: false,
    validateStatus: () => true,
    // Without a body axios names the type of a form, and Connect answers 415.
    headers: { 'Content-Type': 'application/json' },
    ...(auth === undefined ? {} : { auth }),
  })
  return async (method, path, { body, query, secrets = {}, accept = [] } = {}) => {
    const deadline = Date.now() + rebalanceMs
    for (;;) {
      const { status, data } = await client
        .request<unknown>({
          method,
          url: path,
          data: body,
          ...(query === undefined ? {} : { params: query }),
        })
        .catch((error: unknown) => {
          throw unreachable(error, origin, timeoutMs)
        })
      if ((status >= 200 && status < 300) || accept.includes(status)) return { status, body: data }
      const message = maskText(messageIn(data), secrets)
      if (status === 409 && Date.now() + pollMs < deadline) {
        await delay(pollMs)
        continue
      }
      throw failure(status, message, `${method} ${path}`, { origin, rebalanceMs })
    }
  }
}

function readUrl(url: string): {
  origin: string
  base: string
  auth?: { username: string; password: string }
} {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new ConnectorConfigError('USAGE', "the URL of Kafka Connect can't be read", {
      hint: 'write it as http://host:8083',
    })
  }
  if (!['http:', 'https:'].includes(parsed.protocol)) {
    throw new ConnectorConfigError(
      'USAGE',
      `Kafka Connect is reached over http or https, not ${parsed.protocol}`,
    )
  }
  const base = `${parsed.origin}${parsed.pathname.replace(/\/$/, '')}`
  if (parsed.username === '') return { origin: parsed.origin, base }
  const auth = {
    username: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
  }
  return { origin: parsed.origin, base, auth }
}

function messageIn(data: unknown): string {
  if (typeof data === 'object' && data !== null && 'message' in data) return String(data.message).trim()
  return typeof data === 'string' ? data.slice(0, 300).trim() : ''
}

/** The error of axios holds the request with its body and login, so it is not kept as the cause. */
function unreachable(error: unknown, origin: string, timeoutMs: number): ConnectorConfigError {
  const code = isAxiosError(error) ? error.code : undefined
  const what =
    code === 'ECONNABORTED' || code === 'ETIMEDOUT'
      ? `did not answer within ${timeoutMs} ms`
      : `can't be reached (${code ?? 'no answer'})`
  return new ConnectorConfigError('CONNECT_UNREACHABLE', `Kafka Connect at ${origin} ${what}`, {
    details: { url: origin, ...(code === undefined ? {} : { cause: code }) },
    hint: 'is the worker running, and is this its REST port?',
  })
}

function failure(
  status: number,
  message: string,
  request: string,
  { origin, rebalanceMs }: { origin: string; rebalanceMs: number },
): ConnectorConfigError {
  const said = message === '' ? '' : `: ${message}`
  const details = { status, request, url: origin }
  if (status === 404)
    return new ConnectorConfigError('CONNECTOR_MISSING', message || `${request}: not found`, { details })
  if (status === 409) {
    return new ConnectorConfigError('REBALANCE_TOO_LONG', `still 409 after ${rebalanceMs} ms${said}`, {
      details,
      hint: 'the workers are rebalancing: try again, and read their logs when it lasts',
    })
  }
  if (status === 401 || status === 403) {
    return new ConnectorConfigError('CONNECT_FAILED', `Kafka Connect refuses this login (${status})${said}`, {
      details,
      hint: 'put user and password into the URL: http://user:password@host:8083',
    })
  }
  return new ConnectorConfigError('CONNECT_FAILED', `${request} answered ${status}${said}`, { details })
}
