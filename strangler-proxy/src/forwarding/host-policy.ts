import type { Instance } from './instance.ts'

/** What an upstream gets as Host: that of its own URL, or a fixed name. Undefined stands for the client's. */
export type HostPolicy = { from: 'url' } | { fixed: string } | undefined

/** @param text of the configuration: `preserve`, `upstream`, or a name */
export function parseHostPolicy(text: string): HostPolicy {
  if (text === 'preserve') return undefined
  return text === 'upstream' ? { from: 'url' } : { fixed: text }
}

/** The flat list of headers with another Host. The client's stays known as X-Forwarded-Host. */
export function withHost(
  headers: readonly string[],
  policy: NonNullable<HostPolicy>,
  instance: Pick<Instance, 'authority'>,
): string[] {
  const replaced = ['Host', hostOf(policy, instance)]
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index]!.toLowerCase() !== 'host') replaced.push(headers[index]!, headers[index + 1]!)
  return replaced
}

/**
 * A redirect to the Host that the upstream was told leads nowhere for the client; without an origin it leads to
 * where the client came from (RFC 9110 §10.2.2).
 */
export function ownLocation(
  location: string,
  policy: NonNullable<HostPolicy>,
  instance: Pick<Instance, 'authority'>,
): string {
  const url = URL.canParse(location) ? new URL(location) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return location
  return url.host === hostOf(policy, instance).toLowerCase() ? url.pathname + url.search + url.hash : location
}

function hostOf(policy: NonNullable<HostPolicy>, { authority }: Pick<Instance, 'authority'>): string {
  return 'from' in policy ? authority : policy.fixed
}
