import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { blockListOf, holds } from '../discovery/allowed-places.ts'

/** What is different where other proxies stand in front of this one, or upstreams want to hear Forwarded. */
export type Edge = {
  /** Whether a peer's word about the client is taken. */
  trusts(address: string): boolean
  /** Whether upstreams get Forwarded (RFC 7239) besides X-Forwarded-*. */
  forwarded: boolean
}

/** Undefined where the configuration wants nothing of the kind, so that requests pay nothing for it. */
export function createEdge(trustedPeers: readonly string[], forwarded: boolean): Edge | undefined {
  if (trustedPeers.length === 0 && !forwarded) return undefined
  const list = blockListOf(trustedPeers)
  return { trusts: address => holds(list, address), forwarded }
}

/**
 * The address of the client: the first, seen from here, that no trusted peer has. A client may write into the header
 * what it likes, but only to the left of what the first trusted peer has added.
 */
export function clientAddress(request: IncomingMessage, edge: Edge | undefined): string | undefined {
  const { remoteAddress } = request.socket
  if (edge === undefined || remoteAddress === undefined) return remoteAddress
  let address = withoutMapping(remoteAddress)
  const hops = listOf(request.headers['x-forwarded-for'])
  while (edge.trusts(address)) {
    const before = hops.pop()
    if (before === undefined || isIP(before) === 0) return address
    address = before
  }
  return address
}

/** The headers that tell an upstream where a request comes from; those of the client count only from trusted peers. */
export function originHeaders(request: IncomingMessage, host: string | undefined, edge: Edge): string[] {
  const { headers, socket } = request
  const peer = withoutMapping(socket.remoteAddress ?? '')
  const trusted = edge.trusts(peer)
  const told = (name: string) => (trusted ? listOf(headers[name]) : [])
  const own = 'encrypted' in socket ? 'https' : 'http'
  const proto = told('x-forwarded-proto')[0]
  const scheme = proto === 'https' || proto === 'http' ? proto : own
  const asked = told('x-forwarded-host')[0] ?? host
  const origin = [
    'X-Forwarded-For',
    [...told('x-forwarded-for'), peer].join(', '),
    'X-Forwarded-Proto',
    scheme,
  ]
  if (asked !== undefined) origin.push('X-Forwarded-Host', asked)
  for (const name of ['X-Forwarded-Port', 'X-Forwarded-Prefix']) {
    const value = told(name.toLowerCase())[0]
    if (value !== undefined) origin.push(name, value)
  }
  const before = told('forwarded')
  if (edge.forwarded || before.length > 0)
    origin.push('Forwarded', [...before, element(peer, host, own)].join(', '))
  return origin
}

/** RFC 7239 §4: what is no token stands in quotes, and so does an IPv6 address, in brackets. */
function element(peer: string, host: string | undefined, scheme: string): string {
  const node = isIP(peer) === 6 ? `"[${peer}]"` : peer || 'unknown'
  const asked = host === undefined ? '' : `;host="${host.replace(/["\\]/g, '')}"`
  return `for=${node};proto=${scheme}${asked}`
}

function listOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return []
  const text = Array.isArray(header) ? header.join(',') : header
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** Sockets that speak both families tell an IPv4 address as `::ffff:10.0.0.1`. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
