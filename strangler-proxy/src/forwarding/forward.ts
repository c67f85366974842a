import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { SoapVersion } from '../routing/soap-operation.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { BodyTap } from './body-tap.ts'
import type { Guest } from './bulkhead.ts'
import { replyHeaders } from './forwarded-headers.ts'
import { ownLocation, withHost } from './host-policy.ts'
import type { Instance } from './instance.ts'
import { answers, type ProxyAnswer, sendAnswer } from './refusal-answer.ts'
import type { ReplyTap } from './reply-tap.ts'
import { BodyAborted, type BodyLimits, BodyTooLarge, BodyTooSlow, RequestBody } from './request-body.ts'
import { type Failure, failureOf } from './upstream-failure.ts'
import type { Upstream } from './upstreams.ts'

/** One request to hand to an upstream, and what may be done when that fails. */
export type Order = {
  request: IncomingMessage
  response: ServerResponse
  path: string
  headers: string[]
  /** The whole body where it has been read; else whether there is one to stream, and what was read ahead. */
  body: Buffer | undefined
  streamed: boolean
  ahead: Buffer | undefined
  soap: SoapVersion | undefined
  traceId: string
  upstream: Upstream
  /** Chooses among the servers of an upstream that hashes; undefined for a caller without that key. */
  keyFor(upstream: Upstream): string | undefined
  /** Serves the request when the upstream fails: only for reads, and only where that is safe. */
  fallback: Upstream | undefined
  /** Whether asking twice does no harm. */
  repeatable: boolean
  /** Whether the upstream is heard to the end although the client left: an aborted write may still commit. */
  heardOut: boolean
  timeouts: { headersMs: number; totalMs?: number | undefined }
  limits: BodyLimits
  tap: ReplyTap | undefined
  /** Keeps what is streamed of the request. */
  bodyTap: BodyTap | undefined
  onBodyStart(): void
  /** Before the client sees the reply. Answers headers to add to it. */
  onReply(status: number, fellBack: boolean): readonly string[]
}

export type ForwardEnd = {
  outcome: 'replied' | 'aborted' | 'too-large' | 'too-slow' | Failure
  /** The status that the client saw; 0 when it left before. */
  status: number
  /** Whether the fallback served it. */
  fellBack: boolean
  /** What failed, in a sentence, when something did. */
  cause: string | undefined
}

/**
 * Forwards a request, streaming both ways, until the upstream's reply has ended.
 * A second attempt is made only where nothing was sent or the request is repeatable.
 */
export function forward(order: Order, onEnd: (end: ForwardEnd) => void): void {
  new Forwarding(order, onEnd).begin()
}

const maxAttempts = 3
const lingerMs = 2_000

class Forwarding implements AttemptOwner {
  readonly order: Order
  readonly #onEnd: (end: ForwardEnd) => void
  #upstream: Upstream
  #attempts = 0
  readonly #tried = new Set<Instance>()
  #attempt: Attempt | undefined
  #body: RequestBody | undefined
  #ended = false
  #deadline: NodeJS.Timeout | undefined
  #total: NodeJS.Timeout | undefined
  #cause: string | undefined
  #leave: (() => void) | undefined
  /** The time for the whole exchange is over, so nobody else is asked. */
  #overdue = false
  clientGone = false

  constructor(order: Order, onEnd: (end: ForwardEnd) => void) {
    this.order = order
    this.#onEnd = onEnd
    this.#upstream = order.upstream
  }

  begin(): void {
    const { response, timeouts } = this.order
    response.on('close', this.#onClientClose)
    if (timeouts.totalMs !== undefined) this.#total = setTimeout(this.#onTotal, timeouts.totalMs)
    this.#ask()
  }

  get fellBack(): boolean {
    return this.#upstream !== this.order.upstream
  }

  touchDeadline(): void {
    this.#deadline?.refresh()
  }

  /** By way of the upstream's bulkhead, where it has one. */
  #ask(): void {
    const { bulkhead } = this.#upstream
    if (bulkhead === undefined) return void this.#try()
    const guest: Guest = {
      state: 'outside',
      seated: () => this.#try(),
      refused: () => this.#notAsked('full', 'has no room'),
    }
    this.#leave = () => bulkhead.leave(guest)
    if (bulkhead.enter(guest)) this.#try()
  }

  #notAsked(outcome: 'resting' | 'full' | 'no-instance', cause: string): void {
    this.#cause ??= `${this.#upstream.name} ${cause}`
    if (!this.#fallBack()) this.#fail(outcome, answerTo[outcome])
  }

  #try(): void {
    const { breaker, host } = this.#upstream
    if (!breaker.admits()) return void this.#notAsked('resting', 'rests: its breaker is open')
    const instance = this.#upstream.pick(this.order.keyFor(this.#upstream), this.#tried)
    if (instance === undefined) {
      breaker.abandoned()
      return void this.#notAsked('no-instance', 'has no instance')
    }
    this.#attempts++
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(this.#onDeadline, this.order.timeouts.headersMs)
    this.#tried.add(instance)
    this.#attempt = new Attempt(this, instance)
    const { request, path, headers, body, streamed, ahead, limits, bodyTap, onBodyStart } = this.order
    if (body === undefined && streamed)
      this.#body = new RequestBody(request, ahead, limits, bodyTap, onBodyStart)
    instance.dispatcher.dispatch(
      {
        path,
        method: request.method as Dispatcher.HttpMethod,
        headers: host === undefined ? headers : withHost(headers, host, instance),
        body: body ?? this.#body ?? null,
        servername: instance.servername,
      } as Dispatcher.DispatchOptions,
      this.#attempt,
    )
  }

  /** @returns whether the attempt is to go on and pass its reply to the client */
  replied(attempt: Attempt, status: number, message: string, headers: IncomingHttpHeaders): boolean {
    if (attempt !== this.#attempt || this.#ended) return false
    clearTimeout(this.#deadline)
    const failing = status === 502 || status === 504
    if (failing) {
      this.#upstream.breaker.failed()
      attempt.instance.failed()
    } else {
      this.#upstream.breaker.succeeded()
      attempt.instance.succeeded()
    }
    if (this.#failsOver(status)) {
      this.#cause = `${this.#upstream.name} answered ${status}`
      if (this.#fallBack()) return false
    }
    const extra = this.order.onReply(status, this.fellBack)
    this.order.tap?.onHead(status, headers)
    const { host } = this.#upstream
    if (host !== undefined && headers.location !== undefined)
      headers.location = ownLocation(headers.location, host, attempt.instance)
    if (!this.clientGone) this.order.response.writeHead(status, message, replyHeaders(headers, extra))
    return true
  }

  ended(attempt: Attempt, trailers: IncomingHttpHeaders | undefined): void {
    if (attempt !== this.#attempt || this.#ended) return
    const { response, request } = this.order
    if (!this.clientGone) {
      if (trailers !== undefined && hasKeys(trailers)) response.addTrailers(trailers as NodeJS.Dict<string>)
      if (!response.writableEnded) response.end()
      // A reply that came before the end of the request: the rest is read for a while, so that closing the
      // connection cannot cut the reply (RFC 9112 §9.6).
      if (!request.complete) {
        this.#body?.destroy()
        request.resume()
        setTimeout(() => request.complete || request.socket.destroy(), lingerMs).unref()
      }
    }
    this.#end('replied', response.statusCode)
  }

  failed(attempt: Attempt, error: Error) {
    if (attempt !== this.#attempt || this.#ended) return
    const { response, repeatable } = this.order
    const failure = failureOf(error)
    this.#cause = `${this.#upstream.name}: ${failure.message}`
    if (this.clientGone && !this.order.heardOut) return this.#end('aborted', 0)
    const bodyError = this.#body?.errored
    if (
      bodyError instanceof BodyTooLarge ||
      bodyError instanceof BodyTooSlow ||
      bodyError instanceof BodyAborted
    ) {
      this.#upstream.breaker.abandoned()
      if (bodyError instanceof BodyAborted) return this.#end('aborted', 0)
      if (bodyError instanceof BodyTooSlow) return this.#fail('too-slow', answers.bodyTooSlow)
      return this.#fail('too-large', answers.bodyTooLarge)
    }
    this.#upstream.breaker.failed()
    attempt.instance.failed()
    if (attempt.passing) {
      // The head is out: only a cut connection tells the client that the rest is missing.
      response.destroy()
      return this.#end(failure.kind, response.statusCode)
    }
    const again = failure.kind !== 'timeout' && (!attempt.started || repeatable) && this.#replayable()
    const limit = failure.kind === 'refused' ? Math.min(this.#upstream.instances.length, maxAttempts) : 2
    if (again && !this.clientGone && this.#attempts < limit) return this.#try()
    if (this.#fallBack()) return
    this.#fail(failure.kind, answerTo[failure.kind])
  }

  #onTotal = (): void => {
    this.#overdue = true
    this.#onDeadline()
  }

  #onDeadline = (): void => {
    if (this.#ended) return
    const attempt = this.#attempt
    // Still waiting for a seat.
    if (attempt === undefined) return void this.#fail('timeout', answers.upstreamTimeout)
    attempt.silence()
    this.failed(attempt, new Error('timeout', { cause: 'timeout' }))
  }

  #onClientClose = (): void => {
    if (this.#ended || this.order.response.writableFinished) return
    this.clientGone = true
    // Once the whole request has gone out, a write is heard to its end: it may commit although nobody listens.
    const attempt = this.#attempt
    if (attempt === undefined) return void this.#end('aborted', 0)
    if (this.order.heardOut && this.order.request.complete) return void attempt.unblock()
    this.#upstream.breaker.abandoned()
    this.#end('aborted', 0)
    attempt.silence()
  }

  #failsOver(status: number): boolean {
    if (this.order.fallback === undefined || this.fellBack) return false
    if (status === 502 || status === 503 || status === 504) return true
    // A SOAP fault is a 500 by the book, and often an answer rather than a failure.
    return status === 500 && this.order.soap === undefined
  }

  #fallBack(): boolean {
    const { fallback } = this.order
    if (fallback === undefined || this.fellBack || this.clientGone || this.#overdue) return false
    if (!this.#replayable()) return false
    const failed = this.#attempt
    this.#attempt = undefined
    failed?.silence()
    clearTimeout(this.#deadline)
    this.#leaveBulkhead()
    this.#upstream = fallback
    this.#attempts = 0
    this.#tried.clear()
    this.#ask()
    return true
  }

  #replayable(): boolean {
    if (this.#body === undefined) return true
    if (this.#body.touched) return false
    this.#body.destroy()
    this.#body = undefined
    return true
  }

  #fail(outcome: ForwardEnd['outcome'], reply: ProxyAnswer): void {
    const { response, request, soap, traceId } = this.order
    this.#body?.destroy()
    sendAnswer(response, reply, soap, traceId, !request.complete)
    this.#end(outcome, reply.status)
  }

  #leaveBulkhead(): void {
    const leave = this.#leave
    this.#leave = undefined
    leave?.()
  }

  #end(outcome: ForwardEnd['outcome'], status: number): void {
    this.#ended = true
    this.#leaveBulkhead()
    clearTimeout(this.#deadline)
    clearTimeout(this.#total)
    this.order.response.off('close', this.#onClientClose)
    const cause = outcome === 'replied' && !this.fellBack ? undefined : this.#cause
    this.#onEnd({ outcome, status: this.clientGone ? 0 : status, fellBack: this.fellBack, cause })
  }
}

const answerTo: Record<Failure, ProxyAnswer> = {
  refused: answers.upstreamRefused,
  broken: answers.upstreamBroken,
  timeout: answers.upstreamTimeout,
  resting: answers.upstreamResting,
  full: answers.upstreamFull,
  'no-instance': answers.noInstance,
}

function hasKeys(trailers: IncomingHttpHeaders): boolean {
  for (const _name in trailers) return true
  return false
}
