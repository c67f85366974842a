import { randomInt } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import ZongJi from '@vlasky/zongji'
import type { Waker } from '../messaging/create-waker.ts'

export type OutboxTailParts = {
  /** `mysql://user:password@host:port/schema` of the outbox; the account needs REPLICATION SLAVE and BINLOG MONITOR. */
  url: string
  /** Of the publisher: it is woken when something was committed to the outbox, by whichever process. */
  waker: Waker
  clock: Clock
  log: Log
  /** The first pause before a tail that was lost is begun again, in ms; it doubles up to a minute. */
  retryMs?: number
}

const longestPauseMs = 60_000
const lookAgainMs = [20, 200]

/**
 * Transaction log tailing: follows the binlog, and wakes the publisher at each insert into the outbox. What is published
 * is read from the table, which holds just that, so nothing hangs on a position in the log: a tail that was lost begins at
 * the end, after one look at what came meanwhile. Nobody has to ask the table over and over whether there is anything.
 */
export async function tailOutbox(parts: OutboxTailParts, signal: AbortSignal): Promise<void> {
  const { clock, log, retryMs = 500 } = parts
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await follow(parts, signal, () => {
        failures = 0
      })
    } catch (error) {
      log.warn({ error: messageOf(error), failures }, 'outbox not tailed')
    }
    const pause = Math.min(retryMs * 2 ** Math.min(failures, 10), longestPauseMs)
    await clock.sleep(pause, signal).catch(() => {})
  }
}

/** Resolves when `signal` is aborted; rejects when the stream is lost. */
async function follow(
  { url, waker, clock, log }: OutboxTailParts,
  signal: AbortSignal,
  begun: () => void,
): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const tail = new ZongJi({
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  const end = () => resolve()
  signal.addEventListener('abort', end, { once: true })
  tail.on('ready', () => {
    begun()
    log.info('outbox tailed')
    waker.wake()
  })
  tail.on('binlog', event => {
    if (event.getEventName() !== 'writerows') return
    waker.wake()
    // A transaction is written to the log a moment before others see it in the table: the first look may be too early.
    for (const ms of lookAgainMs)
      clock.sleep(ms, signal).then(
        () => waker.wake(),
        () => {},
      )
  })
  tail.on('error', reject)
  tail.start({
    startAtEnd: true,
    serverId: randomInt(1_000_000_000, 4_000_000_000),
    includeEvents: ['tablemap', 'writerows'],
    includeSchema: { [pathname.slice(1)]: ['outbox_messages'] },
  })
  try {
    await ended
  } finally {
    signal.removeEventListener('abort', end)
    await new Promise<void>(stopped => {
      tail.once('stopped', () => stopped())
      tail.stop()
    })
  }
}
