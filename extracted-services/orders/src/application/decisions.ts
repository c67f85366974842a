/** Who waits for an order learns within this process when there may be something to see of it. */
export type Decisions = {
  tell(orderId: string): void
  /** Resolves when somebody tells of the order, or after `ms`, since another process may decide it. */
  await(orderId: string, ms: number): Promise<void>
}

export function createDecisions(): Decisions {
  const waiting = new Map<string, Set<() => void>>()
  return {
    tell: orderId => {
      for (const resolve of waiting.get(orderId) ?? []) resolve()
    },
    await: (orderId, ms) =>
      new Promise(resolve => {
        const own = waiting.get(orderId) ?? new Set()
        waiting.set(orderId, own)
        const done = () => {
          clearTimeout(late)
          own.delete(done)
          if (own.size === 0) waiting.delete(orderId)
          resolve()
        }
        const late = setTimeout(done, ms)
        own.add(done)
      }),
  }
}
