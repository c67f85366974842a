import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ProxyAdmin, RouteChange } from '../operator/proxy-admin.ts'
import type { HeldWrites } from './switcher.ts'

const leaseMs = 15_000
/** The clients' patience: past it the lease is let run out, and writes go to the owner of the proxy's generation. */
const holdAtMostMs = 60_000
const pollMs = 5_000

/** The holds of one run at all proxies, renewed until they are released. */
export type HeldProxies = {
  /** @throws ToolkitError PROXY_SILENT, PROXY_REFUSED when one of them does not hold */
  begin(signal: AbortSignal): Promise<void>
  drained(signal: AbortSignal): Promise<void>
  /** One generation at every proxy; a silent one is waited out by its lease. */
  changeRoutes(change: RouteChange, by: string, reason: string, signal: AbortSignal): Promise<void>
  release(signal: AbortSignal): Promise<HeldWrites[]>
  /** Aborts when a proxy has lost its hold. */
  lost: AbortSignal
}

export function holdProxies(
  proxies: readonly ProxyAdmin[],
  capability: string,
  epoch: number,
  clock: Clock,
  log: Log,
): HeldProxies {
  /** Until when each proxy may still hold, by this process's monotonic clock. */
  const heldUntil = new Map<string, number>()
  const lost = new AbortController()
  let renewing: NodeJS.Timeout | undefined
  let since = 0

  const stopRenewing = () => clearInterval(renewing)

  function renewAll(): void {
    if (clock.elapsed() - since > holdAtMostMs) {
      stopRenewing()
      return
    }
    for (const proxy of proxies) {
      const asked = clock.elapsed()
      proxy.renew(capability, epoch, leaseMs, AbortSignal.timeout(leaseMs / 3)).then(
        () => heldUntil.set(proxy.url, asked + leaseMs),
        error => {
          log.warn({ capability, proxy: proxy.url, error: messageOf(error) }, 'a hold was not renewed')
          const gone = isToolkitError(error, 'PROXY_REFUSED')
          if (gone || clock.elapsed() > (heldUntil.get(proxy.url) ?? 0))
            lost.abort(
              new ToolkitError(
                'HOLD_LOST',
                `the proxy at ${proxy.url} no longer holds writes of ${capability}`,
              ),
            )
        },
      )
    }
  }

  async function changeOne(
    proxy: ProxyAdmin,
    change: RouteChange,
    by: string,
    reason: string,
    signal: AbortSignal,
  ): Promise<void> {
    for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
      try {
        await proxy.change([change], by, reason, signal)
        return
      } catch (error) {
        signal.throwIfAborted()
        log.warn(
          { capability, proxy: proxy.url, error: messageOf(error) },
          'a proxy has not swapped its routes',
        )
        if (clock.elapsed() > (heldUntil.get(proxy.url) ?? 0)) {
          log.error(
            { capability, proxy: proxy.url },
            'a proxy was waited out; the fence keeps its writes off',
          )
          return
        }
        await clock.sleep(pause, signal)
      }
    }
  }

  return {
    lost: lost.signal,
    begin: async signal => {
      since = clock.elapsed()
      // Counted as held from here on even if the answer is lost: the lease may have begun.
      for (const { url } of proxies) heldUntil.set(url, since + leaseMs)
      stopRenewing()
      renewing = setInterval(renewAll, leaseMs / 3)
      renewing.unref()
      await Promise.all(proxies.map(proxy => proxy.hold(capability, epoch, leaseMs, signal)))
    },
    drained: async signal => {
      await Promise.all(
        proxies.map(async proxy => {
          while ((await proxy.drained(capability, pollMs, signal)).inflight > 0) signal.throwIfAborted()
        }),
      )
    },
    changeRoutes: async (change, by, reason, signal) => {
      await Promise.all(proxies.map(proxy => changeOne(proxy, change, by, reason, signal)))
    },
    release: async signal => {
      stopRenewing()
      const answers = await Promise.allSettled(proxies.map(proxy => proxy.release(capability, epoch, signal)))
      return answers.flatMap((answer, index): HeldWrites[] => {
        if (answer.status === 'fulfilled') {
          const { released, expired, waits } = answer.value
          return [{ released, expired, p50Ms: waits.p50Ms, p99Ms: waits.p99Ms, maxMs: waits.maxMs }]
        }
        // Its lease ends by itself.
        log.warn({ capability, proxy: proxies[index]!.url, error: messageOf(answer.reason) }, 'not released')
        return []
      })
    },
  }
}
