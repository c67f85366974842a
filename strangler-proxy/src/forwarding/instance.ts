import type { Dispatcher } from 'undici'

/** One server of an upstream: what goes on there, and whether it is fit to be asked. */
export type Instance = {
  url: string
  /** Of the URL: a constant for undici, which would else take the client's Host for the name of the server. */
  servername: string
  /** What a Host header that means this server says. */
  authority: string
  dispatcher: Dispatcher
  /** Requests handed to it whose end is open. */
  pending(): number
  /** What the health check said last; true where nobody checks. */
  healthy: boolean
  /** Whether it is left out for a while because requests kept failing. */
  ejected(): boolean
  /** @returns to be called once when the request has ended */
  begin(): () => void
  succeeded(): void
  failed(): void
}

const failuresInRow = 5
const ejectionMs = 10_000
const longestEjectionMs = 300_000

/**
 * Five failures in a row put an instance out for 10 seconds, the next time for 20, and so on; one success between
 * starts the count anew.
 * @param elapsed monotonic milliseconds
 */
export function createInstance(url: string, dispatcher: Dispatcher, elapsed: () => number): Instance {
  let pending = 0
  let inRow = 0
  let times = 0
  let until = 0
  const { hostname, host } = new URL(url)
  return {
    url,
    servername: hostname,
    authority: host,
    dispatcher,
    healthy: true,
    pending: () => pending,
    ejected: () => until > elapsed(),
    begin() {
      pending++
      let open = true
      return () => {
        if (open) pending--
        open = false
      }
    },
    succeeded() {
      inRow = 0
      if (until !== 0 && until <= elapsed()) {
        until = 0
        times = 0
      }
    },
    failed() {
      if (++inRow < failuresInRow || until > elapsed()) return
      inRow = 0
      times++
      until = elapsed() + Math.min(times * ejectionMs, longestEjectionMs)
    },
  }
}
