import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import { openControl } from './admin/open-control.ts'
import { readCertificate } from './certificate.ts'
import { createSyncBarrier } from './routing/sync-barrier.ts'
import { ownHosts, type ProxyOptions, type RunningProxy } from './start-proxy.ts'
import { createWorkerPool, type ForkedWorker } from './workers/worker-pool.ts'

export type WorkersOptions = ProxyOptions & { workers: number; fork(): ForkedWorker }

/**
 * One proxy of several processes: the workers share the entry listener; this process decides which generation they
 * serve, and has the admin listener.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_HISTORY_UNREADABLE, PORT_TAKEN, PORT_REFUSED
 */
export async function startWorkers(options: WorkersOptions): Promise<RunningProxy> {
  const { config, token, operatorUrl, tracing, tls, log, workers: count, fork } = options
  if (tls !== undefined) await readCertificate(tls)
  const url = await reserve(options.listen)
  const pool = createWorkerPool({
    count,
    fork,
    role: {
      config,
      token,
      redactionKey: options.redactionKey ?? randomBytes(32).toString('hex'),
      operatorUrl,
      tracing,
      listen: { host: options.listen.host, port: Number(new URL(url).port) },
      tls,
    },
    barrier: operatorUrl === undefined ? undefined : createSyncBarrier(operatorUrl, token),
    clock: systemClock,
    log,
  })
  const control = await openControl({ ...options, hosts: ownHosts(options) }, pool, pool.registry).catch(
    async error => {
      await pool.close(0)
      throw error
    },
  )
  const { current } = control.generations
  const side = await listen(createServer(control.admin), options.admin.port, options.admin.host, 500).catch(
    async error => {
      control.retire()
      await pool.close(0)
      throw error
    },
  )
  return {
    url: tls === undefined ? url : url.replace('http:', 'https:'),
    adminUrl: side.url,
    generations: control.generations,
    reload() {
      control.reload()
      pool.renewCertificate()
    },
    async close() {
      control.retire()
      await pool.close(options.drainMs ?? current().config.timeouts.drainMs)
      await Promise.all([side.close(), control.close()])
    },
  }
}

/**
 * Finds out whether the address is free, and which port stands for 0: workers that come later must take the same one,
 * also when no other is left that holds it.
 */
async function reserve({ host, port }: ProxyOptions['listen']): Promise<string> {
  const { url, close } = await listen(createServer(), port, host, 0)
  await close()
  return url
}
