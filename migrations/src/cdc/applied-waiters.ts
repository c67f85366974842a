import { covers, type GtidPosition, parsePosition } from './gtid-position.ts'

type Waiter = {
  position: GtidPosition | undefined
  signalId: string | undefined
  resolve(): void
  reject(error: Error): void
}

export type AppliedWaiters = {
  wait(until: { position?: string; signalId?: string }, limits: WaitLimits): Promise<void>
  /** To be called after each commit. */
  applied(position: string, signalIds: readonly string[]): void
  rejectAll(error: Error): void
}

type WaitLimits = { timeoutMs: number; signal?: AbortSignal; timedOut(): Error }

/** Signals remembered: those of a few cutovers. */
const rememberedSignals = 1_000

/** Who waits for a position or a signal to be applied; told in the turn it happens, without polling. */
export function createAppliedWaiters(): AppliedWaiters {
  const waiters = new Set<Waiter>()
  const signals = new Set<string>()
  let reached: GtidPosition | undefined

  const met = (waiter: Waiter) =>
    (waiter.position === undefined || (reached !== undefined && covers(reached, waiter.position))) &&
    (waiter.signalId === undefined || signals.has(waiter.signalId))

  return {
    wait(until, { timeoutMs, signal, timedOut }) {
      const position = until.position === undefined ? undefined : parsePosition(until.position)
      return new Promise<void>((resolve, reject) => {
        const settle = (act: () => void) => {
          waiters.delete(waiter)
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
          act()
        }
        const abort = () => settle(() => reject(signal!.reason))
        const waiter: Waiter = {
          position,
          signalId: until.signalId,
          resolve: () => settle(resolve),
          reject: error => settle(() => reject(error)),
        }
        const timer = setTimeout(() => waiter.reject(timedOut()), timeoutMs)
        if (signal?.aborted === true) return abort()
        if (met(waiter)) return waiter.resolve()
        signal?.addEventListener('abort', abort)
        waiters.add(waiter)
      })
    },
    applied(position, signalIds) {
      for (const id of signalIds) signals.add(id)
      for (const id of signals) {
        if (signals.size <= rememberedSignals) break
        signals.delete(id)
      }
      reached = parsePosition(position)
      for (const waiter of waiters) if (met(waiter)) waiter.resolve()
    },
    rejectAll(error) {
      for (const waiter of waiters) waiter.reject(error)
    },
  }
}
