import { createHash, timingSafeEqual } from 'node:crypto'
import { errorAnswer } from '@strangler/kit/error-answer.ts'
import type { Log } from '@strangler/kit/log.ts'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express'
import { readPosition } from '../cdc/write-barrier.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import type { Audit } from '../journal/audit.ts'
import { opposite } from '../journal/capability-state.ts'
import { describePlan } from '../plan/describe-plan.ts'
import type { Plan } from '../plan/plan.ts'
import { addConnectorRoutes } from './connector-routes.ts'
import type { Engine } from './engine.ts'
import { addJournalRoutes } from './journal-routes.ts'
import { planOf } from './operator-verbs.ts'
import { addParkedRoutes } from './parked-routes.ts'
import { compareLive } from './proxies.ts'
import { describeStatus } from './status.ts'
import { auditQuery, barrierBody, isVerb, readInput, readVerb } from './verb-requests.ts'

export type OperatorApiParts = {
  engine: Engine
  parts: SwitchParts
  plans: ReadonlyMap<string, Plan>
  audit: Audit
  token: string
  /** Answers `/health` and `/metrics`; true when the request was one of them. */
  operational(request: Parameters<RequestHandler>[0], response: Response): boolean
  log: Log
}

const bodyLimit = '64kb'
const readWithinMs = 10_000
/** A reader may think that a silent stream is dead: the last progress is said again this often. */
const repeatMs = 5_000

const statuses: Record<string, number> = {
  REQUEST_INVALID: 400,
  CAPABILITY_UNPLANNED: 404,
  PARKED_UNKNOWN: 404,
  SYNC_WAIT_TIMEOUT: 504,
  SYNC_STOPPED: 503,
  DATABASE_UNREACHABLE: 503,
  PROXY_SILENT: 502,
  PROXY_REFUSED: 502,
}

/** The operator API: what CLI and dashboard are faces of. Bearer token on every call. */
export function createOperatorApi(api: OperatorApiParts): Express {
  const { engine, parts, plans, audit, log } = api
  const app = express()
  app.disable('x-powered-by')
  app.use((request, response, next) => {
    if (!api.operational(request, response)) next()
  })
  app.use(requireToken(api.token), refuseBrowsers, express.json({ limit: bodyLimit, strict: true }))

  app.get('/status', async (_request, response) => {
    response.json(await describeStatus(parts, plans, AbortSignal.timeout(readWithinMs)))
  })

  app.get('/compare', async (_request, response) => {
    response.json(await compareLive(parts.proxies, [...plans.keys()], AbortSignal.timeout(readWithinMs)))
  })

  app.get('/audit', async (request, response) => {
    const { limit, verify } = readInput(auditQuery, request.query)
    const entries = await audit.last(limit)
    if (verify === 'false') {
      response.json(entries)
      return
    }
    const broken = await audit.verify()
    response.json({ entries, chain: broken === undefined ? { ok: true } : { ok: false, ...broken } })
  })

  app.get('/capabilities/:capability/plan', async (request, response) => {
    const plan = planOf(plans, request.params.capability)
    response.json(await describePlan(parts, plan, AbortSignal.timeout(readWithinMs)))
  })

  app.get('/sync/:capability', (request, response) => {
    const plan = planOf(plans, request.params.capability)
    const current = parts.syncs.current(plan.capability)
    if (current === undefined) {
      response.json({
        direction: null,
        running: false,
        lagMs: null,
        positionsBehind: null,
        applied: 0,
        position: null,
        error: null,
      })
      return
    }
    const { source, sync } = current
    response.json({ ...sync.status(), source, target: opposite(source) })
  })

  app.post('/sync/:capability/barrier', async (request, response) => {
    const { timeoutMs } = readInput(barrierBody, request.body ?? {})
    const plan = planOf(plans, request.params.capability)
    const current = parts.syncs.current(plan.capability)
    if (current === undefined) {
      response.status(503).json({ applied: false, code: 'SYNC_STOPPED' })
      return
    }
    const position = await readPosition(parts.sidesOf(plan)[current.source])
    await current.sync.waitUntilApplied({ position }, { timeoutMs })
    response.json({ applied: true, position })
  })

  addParkedRoutes(app, api)
  addJournalRoutes(app, api)
  addConnectorRoutes(app, api)

  app.post('/capabilities/:capability/:verb', async (request, response, next) => {
    const { capability, verb } = request.params
    if (!isVerb(verb)) return next()
    const plan = planOf(plans, capability)
    const asked = readVerb(verb, request.body)
    const stream = ndjson(response)
    const { result, exit } = await engine.perform(plan, asked, progress => stream.write({ progress }))
    stream.end({ result, exit })
  })

  app.use((_request, response) => {
    response.status(404).json({ code: 'NOT_FOUND', message: 'no such resource' })
  })
  app.use(answerError(log))
  return app
}

/** Lines of JSON; the verb goes on when the reader goes away. */
function ndjson(response: Response): { write(line: unknown): void; end(line: unknown): void } {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  response.on('error', () => {})
  let last = ''
  const send = (line: unknown) => {
    last = `${JSON.stringify(line)}\n`
    if (!response.writableEnded && !response.destroyed) response.write(last)
  }
  send({ progress: { step: 'lease', message: 'asking for the lease' } })
  const repeat = setInterval(() => {
    if (!response.writableEnded && !response.destroyed) response.write(last)
  }, repeatMs)
  return {
    write: send,
    end: line => {
      clearInterval(repeat)
      send(line)
      response.end()
    },
  }
}

function requireToken(token: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(`Bearer ${token}`)
  return (request, response, next) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return next()
    response.setHeader('www-authenticate', 'Bearer')
    response.status(401).json({ code: 'UNAUTHORIZED', message: 'needs Authorization: Bearer TOKEN' })
  }
}

/** A page of another origin must not speak here, whatever it has got hold of; nor a body that is not JSON. */
const refuseBrowsers: RequestHandler = (request, response, next) => {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    response.status(403).json({ code: 'CROSS_ORIGIN', message: 'not to be called from a page' })
    return
  }
  if (request.method === 'POST' && request.is('application/json') === false) {
    response.status(415).json({ code: 'NOT_JSON', message: 'needs Content-Type: application/json' })
    return
  }
  next()
}

function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const { status, body, unforeseen } = errorAnswer(error, statuses, 'the engine')
    if (unforeseen) log.error({ err: error }, 'a request failed')
    response.status(status).json(body)
  }
}
