import type { LookupFunction } from 'node:net'
import type { CompanionFiles } from '../config/companion-files.ts'
import type { UpstreamConfig } from '../config/config-schema.ts'
import { type Connect, createConnect } from './upstream-connection.ts'

/** What the configuration alone does not say about an upstream's servers. */
export type UpstreamSources = {
  /** Base URLs, which may change while a configuration is served: then it is to be used again. */
  locate(name: string, upstream: UpstreamConfig): readonly string[]
  connect(url: string, upstream: UpstreamConfig, connectMs: number): Connect
}

/** @param lookup for servers that registered by themselves */
export function createUpstreamSources(
  locate: UpstreamSources['locate'],
  files: CompanionFiles,
  lookup: LookupFunction | undefined,
  onUnreadable: (upstreamUrl: string, cause: string) => void,
): UpstreamSources {
  return {
    locate,
    connect: (url, { tls, service }, connectMs) =>
      createConnect(url, {
        connectMs,
        tls,
        files,
        lookup: service === undefined ? undefined : lookup,
        onUnreadable: cause => onUnreadable(url, cause),
      }),
  }
}
