import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Request, RequestHandler, Response } from 'express'
import type { AuditLog } from '../audit/audit-log.ts'
import { createWrongTokens } from './wrong-tokens.ts'

/**
 * Who may do what: an operator everything, a viewer only what changes nothing, a registrant only what has to do with
 * the registry of services.
 */
export type AdminTokens = { operator: string; viewer?: string | undefined; registrant?: string | undefined }

type Role = keyof AdminTokens

const forbidden: Record<Exclude<Role, 'operator'>, string> = {
  viewer: 'a viewer changes nothing',
  registrant: 'a registrant may register services, and nothing else',
}
/** Refusals that go on record, per minute: whoever has a token must not fill the disk with it. */
const recordedRefusals = 30

/**
 * Lets a call through by its bearer token: 401 without a known one, later and later for one who tries many, 403 for
 * a role that may not do what is asked.
 */
export function requireRole(parts: {
  tokens: AdminTokens
  audit: AuditLog
  clock: Clock
  log: Log
}): RequestHandler {
  const { tokens, audit, clock, log } = parts
  const record = createRecord(audit, clock, log)
  const wrong = createWrongTokens(clock.elapsed, address => {
    log.warn({ address }, 'wrong tokens again and again')
    record('', 'wrong-tokens', { address })
  })

  function unauthorized(request: Request, response: Response): void {
    const refusal =
      request.headers.authorization === undefined
        ? { status: 401 as const }
        : wrong.refuse(request.socket.remoteAddress ?? '')
    response.setHeader('www-authenticate', 'Bearer')
    if (refusal.status === 401) {
      response.status(401).json({ code: 'UNAUTHORIZED', message: 'needs Authorization: Bearer TOKEN' })
      return
    }
    const answer = () =>
      response
        .setHeader('retry-after', refusal.retryAfterSeconds)
        .status(429)
        .json({ code: 'TOO_MANY_ATTEMPTS', message: 'too many wrong tokens from this address' })
    if (refusal.delayMs === 0) return void answer()
    setTimeout(() => {
      wrong.answered()
      answer()
    }, refusal.delayMs)
  }

  return (request, response, next) => {
    const role = roleOf(request.headers.authorization, tokens)
    if (role === undefined) return unauthorized(request, response)
    response.locals.role = role
    if (role === 'operator' || mayCall(role, request)) return next()
    log.warn({ role, method: request.method, path: request.path }, `a ${role} was refused a call`)
    record(role, 'refused', { method: request.method, path: request.path })
    response
      .status(403)
      .json({ code: 'FORBIDDEN', message: forbidden[role], hint: "use the operator's token" })
  }
}

function mayCall(role: Exclude<Role, 'operator'>, { method, path }: Request): boolean {
  if (role === 'registrant') return path === '/admin/services' || path.startsWith('/admin/services/')
  return method === 'GET' || method === 'HEAD'
}

function createRecord(audit: AuditLog, clock: Clock, log: Log) {
  let since = clock.elapsed()
  let count = 0
  return (operator: string, verb: string, details: object): void => {
    if (clock.elapsed() - since > 60_000) {
      since = clock.elapsed()
      count = 0
    }
    if (++count > recordedRefusals) return
    audit
      .append({ operator, verb, capability: '', reason: '', details })
      .catch(error => log.error({ cause: messageOf(error) }, 'a refusal is not on record'))
  }
}

/** Takes as long for a wrong token as for a right one. */
function roleOf(header: string | undefined, tokens: AdminTokens): Role | undefined {
  const given = header?.startsWith('Bearer ') === true ? header.slice(7) : ''
  const asOperator = sameSecret(given, tokens.operator)
  const asViewer = sameSecret(given, tokens.viewer ?? '')
  const asRegistrant = sameSecret(given, tokens.registrant ?? '')
  if (given === '') return undefined
  if (asOperator) return 'operator'
  if (asViewer) return 'viewer'
  return asRegistrant ? 'registrant' : undefined
}

function sameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * A page must not speak here, whatever it has got hold of: no call from another origin, no body that a form could
 * send, and no name that a rebound DNS entry could lead here.
 * @param hosts names by which the listener is called, besides addresses and localhost; undefined takes any
 */
export function refuseBrowsers(hosts: readonly string[] | undefined): RequestHandler {
  return (request, response, next) => {
    const refuse = (status: number, code: string, message: string) =>
      response.status(status).json({ code, message })
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin !== undefined || (site !== undefined && site !== 'same-origin' && site !== 'none'))
      return refuse(403, 'CROSS_ORIGIN', 'not to be called from a page')
    if (hosts !== undefined && !isOwnHost(request, hosts))
      return refuse(403, 'HOST_UNKNOWN', 'the Host is no name of this listener')
    if (hasContent(request) && request.is('application/json') === false)
      return refuse(415, 'NOT_JSON', 'needs Content-Type: application/json')
    next()
  }
}

function isOwnHost(request: Request, hosts: readonly string[]): boolean {
  const name = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  return isIP(bare) !== 0 || bare === 'localhost' || hosts.includes(bare)
}

function hasContent({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
