export type AsyncQueue<T> = {
  push(item: T): void
  /** The newest item that nobody has taken yet. */
  last(): T | undefined
  replaceLast(item: T): void
  /** Ends the iteration with an error once the items before it are taken. Later pushes are dropped. */
  fail(error: Error): void
  end(): void
  [Symbol.asyncIterator](): AsyncIterator<T>
}

/**
 * A queue between an emitter and one reader.
 * @param onTaken called after each item that was taken: where a paused emitter is let go on
 */
export function createAsyncQueue<T>(onTaken: (item: T) => void): AsyncQueue<T> {
  let items: (T | undefined)[] = []
  let head = 0
  let closed = false
  let failure: Error | undefined
  let wake: (() => void) | undefined

  const wakeReader = () => {
    wake?.()
    wake = undefined
  }
  const take = (): T => {
    const item = items[head]!
    // what is taken must not be held until the list is cut
    items[head++] = undefined
    if (head === items.length || head > 4096) {
      items = items.slice(head)
      head = 0
    }
    onTaken(item)
    return item
  }
  const close = (error?: Error) => {
    if (closed) return
    closed = true
    failure = error
    wakeReader()
  }
  return {
    push(item) {
      if (closed) return
      items.push(item)
      wakeReader()
    },
    last: () => (head < items.length ? items[items.length - 1] : undefined),
    replaceLast(item) {
      items[items.length - 1] = item
    },
    fail: close,
    end: () => close(),
    [Symbol.asyncIterator]: () => ({
      async next(): Promise<IteratorResult<T>> {
        while (head === items.length && !closed) await new Promise<void>(resolve => (wake = resolve))
        if (head < items.length) return { value: take(), done: false }
        if (failure !== undefined) throw failure
        return { value: undefined, done: true }
      },
    }),
  }
}
