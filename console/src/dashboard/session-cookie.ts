import type { IncomingMessage } from 'node:http'
import { sessionMs } from './sessions.ts'

/** Cookies know no ports: two dashboards of one machine need names of their own. */
function cookieName(request: IncomingMessage): string {
  return `strangler_dashboard_${request.socket.localPort}`
}

/** The session's secret of a request, if it carries one. */
export function readCookie(request: IncomingMessage): string | undefined {
  const wanted = `${cookieName(request)}=`
  const pair = (request.headers.cookie ?? '')
    .split(';')
    .map(part => part.trim())
    .find(part => part.startsWith(wanted))
  return pair?.slice(wanted.length)
}

/** Out of reach of scripts and never sent from another site. Without a secret: the cookie goes. */
export function cookieFor(request: IncomingMessage, secret: string | undefined): string {
  const maxAge = secret === undefined ? 0 : Math.floor(sessionMs / 1_000)
  const secure = request.headers.origin?.startsWith('https:') === true ? '; Secure' : ''
  return `${cookieName(request)}=${secret ?? ''}; Path=/api; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`
}
