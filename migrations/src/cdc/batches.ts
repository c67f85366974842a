import type { Transaction } from './change.ts'

/**
 * Puts together what is at hand: one transaction when the reader keeps up, many when it is behind. Never waits for more.
 * @param open begins to read; its signal also ends a read that is under way when the reader of the batches leaves
 * @param maxChanges a batch ends with the transaction that reaches it
 */
export async function* batches(
  open: (signal: AbortSignal) => AsyncIterable<Transaction>,
  maxChanges: () => number,
  signal: AbortSignal,
): AsyncGenerator<Transaction[]> {
  const left = new AbortController()
  const iterator = open(AbortSignal.any([signal, left.signal]))[Symbol.asyncIterator]()
  let next = iterator.next()
  try {
    for (;;) {
      const first = await next
      if (first.done === true) return
      const batch = [first.value]
      let changes = first.value.changes.length
      next = iterator.next()
      // an error met while looking ahead must not be reported before this batch is applied
      next.catch(() => {})
      while (changes < maxChanges()) {
        const more = await Promise.race([next.catch(() => undefined), nextTurn()])
        if (more === undefined || more.done === true) break
        batch.push(more.value)
        changes += more.value.changes.length
        next = iterator.next()
        next.catch(() => {})
      }
      yield batch
    }
  } finally {
    left.abort()
    await iterator.return?.()
  }
}

/** Resolves once everything that has already happened has been told. */
function nextTurn(): Promise<undefined> {
  return new Promise(resolve => setImmediate(() => resolve(undefined)))
}
