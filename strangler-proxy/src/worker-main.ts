import { createLog } from '@strangler/kit/log.ts'
import type { Channel } from './workers/link.ts'
import { runWorker } from './workers/run-worker.ts'

/** One of several workers of a proxy. Started by the proxy, and of no use without it. */
const channel: Channel = {
  // After a disconnect nobody listens, and this process is on its way out.
  send: message => void process.send?.(message, undefined, undefined, () => {}),
  onMessage: listener => void process.on('message', listener),
}
// A signal of the terminal goes to the whole group; the proxy tells its workers what to do.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => {})
runWorker(channel, createLog('proxy'), () => process.disconnect())
