import type { IncomingHttpHeaders } from 'node:http'
import type { TraceContext } from '@strangler/kit/trace-context.ts'

/** A request as the façades see it: read whole, within the limit. */
export type FacadeRequest = {
  method: string
  /** Decoded by nobody yet. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** The span of this request; what goes upstream is its child. */
  trace: TraceContext
}

export type FacadeAnswer = {
  status: number
  headers: Readonly<Record<string, string | readonly string[]>>
  body: string
  /** Instead of the body, where the answer is no text. */
  bytes?: Buffer
  /** What follows the body, for an answer that is written while it comes in; if it throws, the connection breaks. */
  parts?: AsyncGenerator<string>
  /** The route's template for logs and metrics, never the raw path. */
  route: string
  /** For the log only: what went wrong behind a 5xx. */
  error?: unknown
}

/** Never rejects: what goes wrong is in the answer. */
export type FacadeHandler = {
  handle(request: FacadeRequest): Promise<FacadeAnswer>
  /** Answers what the server refuses before the body is read. */
  refuse(refusal: BodyRefusal, request: Omit<FacadeRequest, 'body'>): FacadeAnswer
  /** Bytes of a request's body. */
  bodyLimit(method: string, path: string): number
}

export type BodyRefusal = 'too-large' | 'encoded' | 'aborted'
