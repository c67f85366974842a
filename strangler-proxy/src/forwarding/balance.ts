import { murmur3 } from '../routing/murmur3.ts'
import type { Instance } from './instance.ts'

export type Policy = 'round-robin' | 'least-pending' | 'hash'

/** Which instance takes the next request; those in `tried` only where no other is left. Undefined without any. */
export type Pick = (key: string | undefined, tried: ReadonlySet<Instance>) => Instance | undefined

/**
 * Chooses among the instances that are fit. Where fewer than half are, all are asked: then it is more likely that
 * the judgement is wrong than that the rest can carry the load.
 */
export function createPick(policy: Policy, instances: readonly Instance[]): Pick {
  let turn = 0
  // Retries turn by themselves, or the server after one that refuses would get its share as well.
  let retryTurn = 0
  if (instances.length < 2) return () => instances[0]

  function inTurn(fit: readonly Instance[], retry: boolean): Instance {
    if (retry) retryTurn = (retryTurn + 1) % 2 ** 30
    else turn = (turn + 1) % 2 ** 30
    return fit[(retry ? retryTurn : turn) % fit.length]!
  }

  /** Begins in turn, so that equals share. */
  function leastPending(fit: readonly Instance[]): Instance {
    turn = (turn + 1) % 2 ** 30
    let best = fit[turn % fit.length]!
    for (let step = 1; step < fit.length; step++) {
      const other = fit[(turn + step) % fit.length]!
      if (other.pending() < best.pending()) best = other
    }
    return best
  }

  return (key, tried) => {
    const fit = candidates(instances, tried)
    if (policy === 'hash' && key !== undefined) return highest(key, fit)
    return policy === 'least-pending' ? leastPending(fit) : inTurn(fit, tried.size > 0)
  }
}

/** Rendezvous: when an instance goes, only its own keys move, and they come back with it. */
function highest(key: string, fit: readonly Instance[]): Instance {
  let best = fit[0]!
  let most = -1
  for (const instance of fit) {
    const weight = murmur3(`${instance.url} ${key}`, 0)
    if (weight > most) {
      most = weight
      best = instance
    }
  }
  return best
}

function candidates(instances: readonly Instance[], tried: ReadonlySet<Instance>): readonly Instance[] {
  const fit = instances.filter(instance => instance.healthy && !instance.ejected())
  const usable = fit.length * 2 < instances.length ? instances : fit
  if (tried.size === 0) return usable
  const fresh = usable.filter(instance => !tried.has(instance))
  if (fresh.length > 0) return fresh
  const other = instances.filter(instance => !tried.has(instance))
  return other.length > 0 ? other : usable
}
