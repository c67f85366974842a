import type { IncomingMessage, ServerResponse } from 'node:http'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Problem } from './problem.ts'

/** A registry of its own per process, so that tests can build two apps side by side. */
export function createMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'strangler_process_' })
  return registry
}

/**
 * `/health/live`, `/health/ready` and `/metrics` for any node:http or express server.
 * Live looks at nothing but itself: a restart never heals a dead dependency.
 * @param notReady answers why the process should get no traffic; empty means ready
 * @returns a handler that answers true when the request was one of the three
 */
export function operationalEndpoints(
  registry: Registry,
  notReady: () => readonly Problem[] | Promise<readonly Problem[]>,
) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    const path = request.url?.split('?', 1)[0]
    if (path === '/health/live') {
      sendJson(response, 200, { status: 'ok' })
      return true
    }
    if (path === '/health/ready') {
      Promise.resolve()
        .then(notReady)
        .then(
          problems =>
            sendJson(response, problems.length === 0 ? 200 : 503, {
              status: problems.length === 0 ? 'ok' : 'unavailable',
              problems,
            }),
          () => sendJson(response, 503, { status: 'unavailable', problems: [] }),
        )
      return true
    }
    if (path === '/metrics') {
      registry.metrics().then(
        text => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
      return true
    }
    return false
  }
}

/** Writes a JSON body with its length; `application/problem+json` for RFC 9457 documents. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
}
