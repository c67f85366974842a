import { randomBytes } from 'node:crypto'
import { type Control, type ControlOptions, openControl } from './admin/open-control.ts'
import { openWorker, type Worker, type WorkerOptions } from './workers/open-worker.ts'

/** What a proxy is made of, wherever its requests come from. */
export type ProxyEngineOptions = ControlOptions &
  Omit<WorkerOptions, 'redactionKey' | 'pins' | 'id' | 'of'> & {
    /** For the hashes that stand for values in samples; one of its own unless given. */
    redactionKey?: string | undefined
  }

/** A proxy without listeners, in this process: what receives requests hands them over. */
export type ProxyEngine = Pick<Worker, 'metrics' | 'serve' | 'upgrade' | 'close'> & Control

/** @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_HISTORY_UNREADABLE */
export async function openProxy(options: ProxyEngineOptions): Promise<ProxyEngine> {
  const worker = openWorker({
    ...options,
    redactionKey: options.redactionKey ?? randomBytes(32).toString('hex'),
  })
  const control = await openControl(options, worker.workers, worker.registry).catch(async error => {
    worker.retire()
    await worker.close()
    throw error
  })
  return {
    ...control,
    metrics: worker.metrics,
    serve: worker.serve,
    upgrade: worker.upgrade,
    retire() {
      control.retire()
      worker.retire()
    },
    async close() {
      await Promise.all([worker.close(), control.close()])
    },
  }
}
