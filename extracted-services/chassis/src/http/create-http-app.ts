import { isUtf8 } from 'node:buffer'
import type { Log } from '@strangler/kit/log.ts'
import { operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import type { Problem } from '@strangler/kit/problem.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { Registry } from 'prom-client'
import { type ProblemMapping, problemOf } from './problem-details.ts'
import { requestLog, traceOf } from './request-log.ts'

export type HttpAppParts = {
  log: Log
  metrics: Registry
  /** Why the process should get no traffic; empty means ready. */
  notReady(): readonly Problem[] | Promise<readonly Problem[]>
  /** How the service's own error codes are answered. */
  problems: ProblemMapping
  /** Adds the service's resources, see `addResource`. */
  routes(app: Express): void
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

const bodyLimit = 65_536

/**
 * What every service's HTTP face has: health, metrics, request log, and RFC 9457 for whatever goes wrong. Paths are
 * matched to the letter (case, no trailing slash), so that one resource has one address.
 */
export function createHttpApp({ log, metrics, notReady, problems, routes }: HttpAppParts): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing')
  const operational = operationalEndpoints(metrics, notReady)
  app.use((request, response, next) => {
    if (!operational(request, response)) next()
  })
  app.use(requestLog(log, metrics))
  routes(app)
  app.use(request => {
    throw new ToolkitError('NOT_FOUND', `nothing is at ${request.path}`)
  })
  app.use(answerProblem(log, problems))
  return app
}

/** One address with its methods; any other method is answered 405 with `Allow`. */
export function addResource(
  app: Express,
  path: string,
  methods: Partial<Record<Method, readonly RequestHandler[]>>,
): void {
  const names = Object.keys(methods) as Method[]
  const allow = names
    .flatMap(name => (name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()]))
    .concat('OPTIONS')
    .join(', ')
  const route = app.route(path)
  for (const name of names) route[name](...(methods[name] ?? []))
  route.all((request, response) => {
    if (request.method === 'OPTIONS') {
      response.status(204).set('allow', allow).end()
      return
    }
    throw new ToolkitError('METHOD_NOT_ALLOWED', `${request.method} is not allowed here`, {
      details: { allow },
    })
  })
}

/** Parses a JSON body of up to 64 KiB into `request.body`; refuses a missing or compressed one and any other media type. */
export const jsonBody: readonly RequestHandler[] = [
  (request, _response, next) => {
    const empty =
      request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0
    if (empty) throw new ToolkitError('BODY_MISSING', 'the body is missing')
    if (!request.is('application/json'))
      throw new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'the body must be application/json in UTF-8')
    next()
  },
  express.json({ limit: bodyLimit, type: 'application/json', inflate: false, verify: refuseOtherThanUtf8 }),
  (request, _response, next) => {
    if (request.body === undefined) throw new ToolkitError('BODY_MISSING', 'the body is missing')
    next()
  },
]

/** A parser that replaces what it can't read would store something else than what was sent. */
function refuseOtherThanUtf8(_request: unknown, _response: unknown, body: Buffer, charset: string): void {
  if (charset.toLowerCase() !== 'utf-8')
    throw new ToolkitError('MEDIA_TYPE_UNSUPPORTED', 'the body must be application/json in UTF-8')
  if (!isUtf8(body)) throw new ToolkitError('BODY_MALFORMED', 'the body is not JSON')
}

function answerProblem(log: Log, problems: ProblemMapping): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const { problem, headers } = problemOf(error, problems)
    if (problem.status >= 500) {
      const { name, message, stack, code } = (
        error instanceof Error ? error : { message: String(error) }
      ) as Error & {
        code?: unknown
      }
      const { traceId } = traceOf(response)
      log.error({ trace_id: traceId, problem: problem.type, error: { name, code, message, stack } }, message)
    }
    if (response.headersSent) return next(error)
    response
      .status(problem.status)
      .set(headers)
      .type('application/problem+json')
      .send(JSON.stringify(problem))
  }
}
