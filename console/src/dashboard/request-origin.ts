import type { IncomingHttpHeaders } from 'node:http'

export type Verdict = { status: 403 | 415 | 421; code: string; message: string } | undefined

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether the Host header names this server: a name of the attacker's that was made to resolve to this machine
 * (DNS rebinding) does not. The port is free, for a forwarded one may differ.
 * @param names accepted besides the loopback names
 */
export function refuseHost(headers: IncomingHttpHeaders, names: readonly string[]): Verdict {
  const name = hostName(headers.host)
  if (name !== undefined && [...loopbackNames, ...names].includes(name)) return undefined
  return {
    status: 421,
    code: 'HOST_UNKNOWN',
    message: 'this host name is not served here; STRANGLER_DASHBOARD_HOSTS adds names',
  }
}

/**
 * Whether a call of the API may come from where it says: a page of another origin must not, and 127.0.0.1 on
 * another port is another origin although SameSite lets its cookies through. A call that changes something has to
 * prove its origin; one that only reads may come from a program that sends no such header.
 */
export function refuseOrigin(method: string, headers: IncomingHttpHeaders): Verdict {
  const { origin, host, 'sec-fetch-site': site } = headers
  if (site !== undefined && site !== 'same-origin') return crossOrigin
  if (origin !== undefined && !isOriginOf(origin, host)) return crossOrigin
  if (method === 'GET' || method === 'HEAD') return undefined
  if (origin === undefined && site === undefined) return crossOrigin
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return type === 'application/json'
    ? undefined
    : { status: 415, code: 'NOT_JSON', message: 'needs Content-Type: application/json' }
}

const crossOrigin = {
  status: 403,
  code: 'CROSS_ORIGIN',
  message: 'only pages of this origin may call',
} as const

function hostName(host: string | undefined): string | undefined {
  if (host === undefined || !/^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(host)) return undefined
  return host.replace(/:\d+$/, '').toLowerCase()
}

/** Behind something that ends TLS the scheme is https, and this process does not see it. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}
