import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Log } from '@strangler/kit/log.ts'
import type { Request, RequestHandler } from 'express'

/** Who may do what: an operator everything, a viewer only what changes nothing. */
export type AdminTokens = { operator: string; viewer?: string | undefined }

/** Lets a call through by its bearer token: 401 without a known one, 403 for a viewer that wants a change. */
export function requireRole(tokens: AdminTokens, log: Log): RequestHandler {
  return (request, response, next) => {
    const role = roleOf(request.headers.authorization, tokens)
    if (role === undefined) {
      response.setHeader('www-authenticate', 'Bearer')
      response.status(401).json({ code: 'UNAUTHORIZED', message: 'needs Authorization: Bearer TOKEN' })
      return
    }
    if (role === 'viewer' && request.method !== 'GET' && request.method !== 'HEAD') {
      log.warn({ method: request.method, path: request.path }, 'a viewer was refused a change')
      response.status(403).json({
        code: 'FORBIDDEN',
        message: 'a viewer changes nothing',
        hint: "use the operator's token",
      })
      return
    }
    next()
  }
}

/** Takes as long for a wrong token as for a right one. */
function roleOf(
  header: string | undefined,
  { operator, viewer }: AdminTokens,
): keyof AdminTokens | undefined {
  const given = header?.startsWith('Bearer ') === true ? header.slice(7) : ''
  const asOperator = sameSecret(given, operator)
  const asViewer = sameSecret(given, viewer ?? '')
  if (given === '') return undefined
  return asOperator ? 'operator' : asViewer ? 'viewer' : undefined
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
