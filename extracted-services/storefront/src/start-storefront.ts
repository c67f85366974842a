import { createHttpServer } from '@strangler/chassis/http/create-http-server.ts'
import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { createMetrics } from '@strangler/kit/operational-endpoints.ts'
import { createRestCapabilities } from './capabilities/rest-capabilities.ts'
import { buildApp } from './http/build-app.ts'

export type StorefrontOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** Where the capabilities are reached: the proxy. */
  capabilitiesUrl: string
  /** How long one part of a composed answer may take, in ms. */
  partMs: number
  log: Log
}

/** Serves. It keeps nothing, so it is ready whoever else is not: an answer then has parts missing. @throws ToolkitError of listen */
export async function startStorefront(
  options: StorefrontOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const { host, port, capabilitiesUrl, partMs, log } = options
  const app = buildApp({
    capabilities: createRestCapabilities(capabilitiesUrl, log),
    partMs,
    log,
    metrics: createMetrics(),
    notReady: () => [],
  })
  const { url, close } = await listen(createHttpServer(app), port, host)
  return { url, close }
}
