/** What the load generator is asked: one line of JSON on its stdin. */
export type LoadOrder = {
  port: number
  /** Whole requests as bytes (latin1); taken in turn. */
  requests: string[]
  connections: number
  warmupSeconds: number
  seconds: number
  /** Requests per second, sent whether or not earlier ones were answered; as fast as answers come where absent. */
  rate?: number
}

/** What it answers: one line of JSON on its stdout. */
export type LoadResult = {
  requests: number
  /** Replies that were not 200, connections that broke. */
  errors: number
  seconds: number
  p50Ms: number
  p99Ms: number
}
