import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { EngineOperator } from '../operator/operator.ts'
import { answerError } from './answer-error.ts'
import {
  auditQuery,
  capabilityParams,
  divergenceQuery,
  isVerb,
  previewBody,
  readInput,
  readVerbBody,
  signInBody,
} from './api-requests.ts'
import { addChanges } from './change-routes.ts'
import { comparisonSummary, divergencePage } from './comparison-pages.ts'
import type { StreamDesk } from './event-streams.ts'
import type { Menu } from './portal-menu.ts'
import { preview } from './preview.ts'
import type { ProxyView } from './proxy-view.ts'
import { refuseHost, refuseOrigin } from './request-origin.ts'
import { securityHeaders } from './security-headers.ts'
import { cookieFor, readCookie } from './session-cookie.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Snapshot } from './system-snapshot.ts'
import type { Turns } from './take-turns.ts'
import type { VerbRun, VerbRuns } from './verb-runs.ts'
import type { SystemWatch } from './watch-system.ts'

export type DashboardParts = {
  /** For what is read, and for forecasts. */
  engine: EngineOperator
  /** For verbs: waits out a restart of the engine. */
  act: EngineOperator['verb']
  proxies: readonly ProxyView[]
  watch: SystemWatch
  runs: VerbRuns
  turns: Turns
  sessions: Sessions
  /** The portal's menu as of a snapshot. */
  menu(snapshot: Snapshot): Menu
  /** Streams of operators, and of users of the portal: the one can't use up the other. */
  operatorStreams: StreamDesk
  portalStreams: StreamDesk
  files: RequestHandler
  /** Answers `/health` and `/metrics`; true when the request was one of them. */
  operational(request: Request, response: Response): boolean
  /** Host names accepted besides the loopback ones. */
  hostNames: readonly string[]
  log: Log
}

const bodyLimit = '16kb'
const journalLength = 300

/** The pages, and the API that they alone may call: the operator's token never leaves this process. */
export function createDashboardApp(parts: DashboardParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(securityHeaders, (request, response, next) => {
    const refused = refuseHost(request.headers, parts.hostNames)
    if (refused !== undefined) response.status(refused.status).json(refused)
    else if (!parts.operational(request, response)) next()
  })
  app.use('/api', (request, response, next) => {
    response.set('cache-control', 'no-store')
    const refused = refuseOrigin(request.method, request.headers)
    if (refused === undefined) return next()
    response.status(refused.status).json(refused)
  })
  app.use('/api', express.json({ limit: bodyLimit, strict: true }))
  addSession(app, parts)
  addPortal(app, parts)
  app.use('/api', requireSession(parts.sessions), refuseViewer(parts.log))
  addReads(app, parts)
  addChanges(app, { ...parts, known: request => known(parts, request) })
  addVerbs(app, parts)
  app.use(parts.files)
  app.use((_request, response) => {
    response.status(404).json({ code: 'NOT_FOUND', message: 'no such page' })
  })
  app.use(answerError(parts.log))
  return app
}

function addSession(app: Express, { sessions, log }: DashboardParts): void {
  // Not to be signed in is no failure here: the page asks in order to know.
  app.get('/api/session', (request, response) => {
    const session = sessions.find(readCookie(request))
    response.json({ by: session?.by ?? null, role: session?.role ?? null })
  })
  app.post('/api/session', (request, response) => {
    const { token, by } = readInput(signInBody, request.body)
    response.setHeader('set-cookie', cookieFor(request, sessions.open(token, by)))
    log.info({ by }, 'somebody signed in')
    response.json({ by })
  })
  app.delete('/api/session', (request, response) => {
    sessions.end(readCookie(request))
    response.setHeader('set-cookie', cookieFor(request, undefined))
    response.json({})
  })
}

/** The menu is for everybody who may open the page: it says where applications are, and nothing else. */
function addPortal(app: Express, { menu, watch, portalStreams }: DashboardParts): void {
  app.get('/api/portal/events', (_request, response) => {
    const stream = portalStreams.open(response)
    if (stream === undefined) return
    let last = ''
    const show = (snapshot: Snapshot) => {
      const shown = menu(snapshot)
      const text = JSON.stringify(shown)
      if (text !== last) stream.send('menu', shown)
      last = text
    }
    stream.onEnd(watch.watch(show))
    const snapshot = watch.current()
    if (snapshot !== undefined) show(snapshot)
  })
}

function requireSession(sessions: Sessions): RequestHandler {
  return (request, response, next) => {
    const session = sessions.find(readCookie(request))
    if (session === undefined) throw new ToolkitError('SIGNED_OUT', 'sign in with the token of the system')
    response.locals.session = session
    next()
  }
}

/** A forecast changes nothing either, yet asks the engine for work and is on record: it is an operator's. */
function refuseViewer(log: Log): RequestHandler {
  return (request, response, next) => {
    const { role, by } = sessionOf(response)
    if (role === 'operator' || request.method === 'GET' || request.method === 'HEAD') return next()
    log.warn({ by, method: request.method, path: request.path }, 'a viewer was refused a change')
    response.status(403).json({
      code: 'FORBIDDEN',
      message: 'a viewer changes nothing',
      hint: 'sign in with the token of an operator',
    })
  }
}

function sessionOf(response: Response): Session {
  return response.locals.session as Session
}

function addReads(app: Express, parts: DashboardParts): void {
  const { engine, proxies, watch, runs } = parts
  app.get('/api/events', (_request, response) => {
    const stream = parts.operatorStreams.open(response)
    if (stream === undefined) return
    const end = () => stream.end()
    const { ended } = sessionOf(response)
    ended.addEventListener('abort', end)
    stream.onEnd(() => ended.removeEventListener('abort', end))
    stream.onEnd(watch.watch(snapshot => stream.send('snapshot', snapshot)))
    stream.onEnd(runs.watch(run => stream.send('run', run)))
    stream.send('runs', runs.all())
    const snapshot = watch.current()
    if (snapshot !== undefined) stream.send('snapshot', snapshot)
  })

  app.get('/api/audit', async (request, response) => {
    const { limit, verify } = readInput(auditQuery, request.query)
    response.json(await engine.audit(limit, verify === 'true'))
  })

  app.get('/api/history', (_request, response) => {
    response.json(watch.history())
  })

  app.get('/api/capabilities/:capability/plan', async (request, response) => {
    const capability = known(parts, request)
    const busy = runs.underWay(capability)
    if (busy !== undefined) throw new ToolkitError('VERB_UNDER_WAY', busyWith(busy))
    response.json(await parts.turns(capability, () => engine.plan(capability)))
  })

  app.get('/api/capabilities/:capability/journal', async (request, response) => {
    response.json(await engine.journal(known(parts, request), journalLength))
  })

  app.get('/api/capabilities/:capability/history', (request, response) => {
    response.json(watch.history(known(parts, request)))
  })

  app.get('/api/capabilities/:capability/comparison', async (request, response) => {
    const capability = known(parts, request)
    const reports = await Promise.all(proxies.map(proxy => proxy.comparisons(capability)))
    response.json(comparisonSummary(capability, reports))
  })

  app.get('/api/capabilities/:capability/divergences', async (request, response) => {
    const { route, offset, limit } = readInput(divergenceQuery, request.query)
    const capability = known(parts, request)
    const reports = await Promise.all(proxies.map(proxy => proxy.comparisons(capability)))
    response.json(divergencePage(reports, route, offset, limit))
  })
}

function addVerbs(app: Express, parts: DashboardParts): void {
  const { engine, act, watch, runs } = parts
  app.post('/api/capabilities/:capability/preview', async (request, response) => {
    const wanted = readInput(previewBody, request.body)
    const name = known(parts, request)
    const capability = watch.current()!.capabilities.find(each => each.name === name)!
    const busy = runs.underWay(name)
    const { by } = sessionOf(response)
    response.json(
      busy === undefined
        ? await parts.turns(name, () => preview(engine, capability, wanted, by))
        : { steps: [], refusals: [{ code: 'VERB_UNDER_WAY', message: busyWith(busy) }] },
    )
  })

  app.post('/api/capabilities/:capability/:verb', (request, response, next) => {
    const { verb } = request.params
    if (!isVerb(verb)) return next()
    const body = readVerbBody(verb, request.body)
    const capability = known(parts, request)
    const { by } = sessionOf(response)
    const run = runs.start({ capability, verb, by, reason: body.reason }, async onProgress => {
      const perform = () => act(verb, capability, { ...body, by }, onProgress)
      const answer = await parts.turns(capability, perform)
      watch.hurry()
      return answer
    })
    response.status(202).json({ id: run.id })
  })
}

function busyWith({ verb, capability, by }: VerbRun): string {
  return `${verb} ${capability} by ${by} is under way`
}

/** @throws ToolkitError CAPABILITY_UNKNOWN, STARTING before the first look at the system */
function known({ watch }: DashboardParts, request: Request): string {
  const { capability } = readInput(capabilityParams, request.params)
  const snapshot = watch.current()
  if (snapshot === undefined)
    throw new ToolkitError('STARTING', 'the dashboard has just started', { hint: 'try again in a second' })
  if (snapshot.capabilities.some(({ name }) => name === capability)) return capability
  throw new ToolkitError('CAPABILITY_UNKNOWN', `no capability ${capability} is configured`)
}
