/** Runs what is asked under one name one after the other; names do not wait for each other. */
export type Turns = <T>(name: string, work: () => Promise<T>) => Promise<T>

/**
 * A preflight sends a canary row there and back: two at once would take each other's stream for a fault, so the
 * pages' questions and verbs on one capability wait for each other.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return (name, work) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => {})
    last.set(name, settled)
    void settled.then(() => {
      if (last.get(name) === settled) last.delete(name)
    })
    return turn
  }
}
