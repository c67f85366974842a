import { createServer } from 'node:http'
import { listen } from '@strangler/kit/listen.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { type CertificateFiles, readCertificate } from './certificate.ts'
import type { Config } from './config/config-schema.ts'
import { createEntryServer } from './entry-server.ts'
import { openProxy, type ProxyEngineOptions } from './open-proxy.ts'
import type { Generations } from './routing/generations.ts'

export type Address = { host: string; port: number }

export type ProxyOptions = Omit<ProxyEngineOptions, 'hosts' | 'onUse' | 'draining'> & {
  listen: Address
  admin: Address
  /** Names by which the admin listener is called, besides addresses and localhost. */
  adminHosts?: readonly string[] | undefined
  /** Files of a certificate chain and its key, with which the entry speaks TLS; read again by `reload`. */
  tls?: CertificateFiles | undefined
  /** Instead of the file's, for how long an end waits for what runs. */
  drainMs?: number
}

export type RunningProxy = {
  url: string
  adminUrl: string
  generations: Generations
  /** Reads the file again, as a change of the file does. A refused file is logged and reported, not thrown. */
  reload(): void
  close(): Promise<void>
}

/**
 * Builds and starts one proxy: the entry listener, and the admin listener beside it.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, PORT_TAKEN, PORT_REFUSED
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { tls, log } = options
  const certificate = tls === undefined ? undefined : await readCertificate(tls)
  let follow = (_config: Config): void => {}
  let draining = () => false
  const engine = await openProxy({
    ...options,
    hosts: ownHosts(options),
    onUse: config => follow(config),
    draining: () => draining(),
  })
  const { current } = engine.generations
  const handlers = {
    serve: engine.serve,
    upgrade: engine.upgrade,
    onRefusedConnection: engine.metrics.connectionRefused,
  }
  const entry = createEntryServer(current().config, handlers, certificate)
  follow = entry.use
  draining = entry.draining
  const front = await listen(entry.server, options.listen.port, options.listen.host, 0).catch(async error => {
    engine.retire()
    await engine.close()
    throw error
  })
  const adminServer = createServer(engine.admin)
  const side = await listen(adminServer, options.admin.port, options.admin.host, 500).catch(async error => {
    engine.retire()
    await Promise.all([front.close(), engine.close()])
    throw error
  })
  async function renew(files: CertificateFiles): Promise<void> {
    try {
      entry.renew(await readCertificate(files))
    } catch (error) {
      log.error({ cause: messageOf(error) }, 'certificate refused, the one before stays')
    }
  }

  return {
    url: tls === undefined ? front.url : front.url.replace('http:', 'https:'),
    adminUrl: side.url,
    generations: engine.generations,
    reload() {
      engine.reload()
      if (tls !== undefined) void renew(tls)
    },
    async close() {
      engine.retire()
      await entry.drain(options.drainMs ?? current().config.timeouts.drainMs)
      await Promise.all([side.close(), engine.close()])
    },
  }
}

/** A listener on loopback is called by those who know its address; one for others, by names that they are told. */
export function ownHosts({ admin, adminHosts }: ProxyOptions): readonly string[] | undefined {
  const loopback = admin.host === 'localhost' || admin.host === '::1' || admin.host.startsWith('127.')
  return adminHosts ?? (loopback ? [] : undefined)
}
