import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { childSpan, parseTraceparent, type TraceContext } from '@strangler/kit/trace-context.ts'
import type { CapabilityStates } from './capability-state.ts'
import type { Mirror } from './comparison/mirror.ts'
import type { Side } from './config/config-schema.ts'
import { offerCopy, wantsCopy } from './copy-request.ts'
import { BodyTap } from './forwarding/body-tap.ts'
import { type ForwardEnd, forward } from './forwarding/forward.ts'
import { requestHeaders } from './forwarding/forwarded-headers.ts'
import { answers, badRequest, type ProxyAnswer, sendAnswer } from './forwarding/refusal-answer.ts'
import { ReplyTap } from './forwarding/reply-tap.ts'
import { hasBody, type RequestHead, readHead } from './forwarding/request-head.ts'
import type { Upstreams } from './forwarding/upstreams.ts'
import type { ParkedWrite } from './holding/hold-desk.ts'
import { watchClient } from './holding/watch-client.ts'
import type { ProxyMetrics } from './proxy-metrics.ts'
import type { Recorder, RecordingPlace } from './recording/recorder.ts'
import { type Decision, decide, instanceKey } from './routing/decide.ts'
import { type Generation, soapEndpointOf } from './routing/generation.ts'
import type { PinnedWrite } from './routing/pins.ts'
import { maxTarget, normaliseTarget, type RequestTarget } from './routing/request-target.ts'
import { otherSide } from './routing/serving-side.ts'
import { readSoapMessage, type SoapMessage, soapVersionOf } from './soap-message.ts'
import { refusalSpan, requestSpan } from './tracing/request-span.ts'
import type { SpanExporter } from './tracing/span-exporter.ts'

export type ProxyParts = {
  clock: Clock
  log: Log
  metrics: ProxyMetrics
  states: CapabilityStates
  upstreams: Upstreams
  mirror: Mirror
  recorder: Recorder
  /** Undefined where no collector is configured. */
  spans: SpanExporter | undefined
  /** Read once per request: a request keeps the generation it began with. */
  current(): Generation
  /** 0 ≤ n < 1, for sampling. */
  random(): number
  /** Whether the process is ending, so that replies close their connections. */
  draining(): boolean
}

/** One request on its way. What is found out about it once is kept, also while it is parked. */
export type Passage = {
  request: IncomingMessage
  response: ServerResponse
  head: RequestHead
  target: RequestTarget
  trace: TraceContext
  soap: SoapMessage | undefined
  /** Whether the client waits for 100 (Continue) before it sends the body. */
  expectsContinue: boolean
  /** Serves what no route claims, where somebody else does that. */
  unclaimed: (() => void) | undefined
  since: number
}

/** Replies over this are passed on but not compared, bodies of requests neither copied nor recorded. */
const tapCap = 262_144
const bodyCap = 262_144
const noBody = Buffer.alloc(0)
const maxHeaders = 200
/** Connections that end with the refusal they were given. */
const refused = new WeakSet<Socket>()
/** No more than this of a parked write's body is read. */
const parkedBytes = 65_536

/**
 * One request, in order: generation → one reading of the target → route → side → hold → forward → copy.
 * @returns the listener for `request`; `checkContinue` is the same with `expectsContinue`. With `unclaimed`, what no
 *   route claims is left to whoever is called by it instead of the default upstream
 */
export function createRequestListener(parts: ProxyParts) {
  return (
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue = false,
    unclaimed: (() => void) | undefined = undefined,
  ) => {
    // Behind a refused request nothing counts: its end may not be where this connection's parser saw it.
    if (refused.has(request.socket)) return
    const head = readHead(request)
    const trace = childSpan(parseTraceparent(head.traceparent))
    if ((request.url?.length ?? 0) > maxTarget)
      return refuse(parts, request, response, trace, badRequest(`target over ${maxTarget} characters`, 414))
    const target = acceptTarget(request, head)
    if (typeof target === 'string') return refuse(parts, request, response, trace, badRequest(target))
    if (request.rawHeaders.length > 2 * maxHeaders)
      return refuse(parts, request, response, trace, badRequest(`over ${maxHeaders} headers`, 431))
    if (request.method === 'TRACE')
      return refuse(parts, request, response, trace, badRequest('TRACE is not served', 405))
    const passage: Passage = {
      request,
      response,
      head,
      target,
      trace,
      soap: undefined,
      expectsContinue,
      unclaimed,
      since: parts.clock.elapsed(),
    }
    const generation = parts.current()
    const { bodyBytes } = generation.config.limits
    if (head.contentLength !== undefined && head.contentLength > bodyBytes)
      return refuse(parts, request, response, trace, answers.bodyTooLarge)
    const endpoint = request.method === 'POST' ? soapEndpointOf(generation, target.path) : undefined
    if (endpoint === undefined) return pass(parts, passage, generation)
    readSoapMessage(request, head, endpoint, () => startBody(passage)).then(
      message => {
        if (message === 'aborted') return
        if ('refusal' in message)
          return refuse(parts, request, response, trace, message.refusal, message.version)
        passage.soap = message
        pass(parts, passage, generation)
      },
      error => {
        parts.log.error({ trace_id: trace.traceId, err: error }, 'a SOAP message could not be read')
        response.destroy()
      },
    )
  }
}

function acceptTarget(request: IncomingMessage, head: RequestHead): RequestTarget | string {
  if (head.hosts > 1) return 'Host stands twice'
  if (request.httpVersionMajor !== 1) return 'HTTP version is not supported'
  // RFC 9112 §6.1: HTTP/1.0 has no transfer codings, so two readers would frame the message differently.
  if (head.chunked && request.httpVersionMinor === 0) return 'Transfer-Encoding in HTTP/1.0'
  if (head.oddCoding) return 'Transfer-Encoding is not chunked, once'
  return normaliseTarget(request.url ?? '', head.host)
}

/** From a known message to the upstream; a parked write comes through here again, with a newer generation. */
function pass(parts: ProxyParts, passage: Passage, generation: Generation) {
  const decision = decide(generation, parts.states, passage.request, passage.target, passage.soap?.operation)
  // Of a SOAP message the beginning has been read, so nobody else could read it any more.
  if (decision === undefined && passage.soap === undefined && passage.unclaimed !== undefined)
    return passage.unclaimed()
  if (decision === undefined) return send(parts, passage, generation, undefined, undefined)
  if ('refusal' in decision)
    return refuse(
      parts,
      passage.request,
      passage.response,
      passage.trace,
      decision.refusal,
      passage.soap?.version,
    )
  if (decision.route.effect === 'read') return send(parts, passage, generation, decision, undefined)
  const { desk } = decision.state
  if (desk.holding() === undefined) return send(parts, passage, generation, decision, desk.admit())
  park(parts, passage, decision)
}

function park(parts: ProxyParts, passage: Passage, { state, route }: Decision): void {
  const { request, response, head, soap, trace } = passage
  let unwatch = () => {}
  const leave = () => {
    unwatch()
    state.desk.leave(write)
  }
  const write: ParkedWrite = {
    bytes: Math.min(head.contentLength ?? (head.chunked ? parkedBytes : 0), parkedBytes),
    resume: () => {
      unwatch()
      response.off('close', leave)
      if (!response.destroyed) pass(parts, passage, parts.current())
    },
  }
  if (state.desk.park(write)) {
    response.on('close', leave)
    unwatch = watchClient(request)
    return
  }
  parts.metrics.requestEnded(
    { capability: route.capability.name, side: 'none', effect: 'write', outcome: 'held' },
    0,
  )
  refuse(parts, request, response, trace, answers.holdFull, soap?.version)
}

/** @param admitted ends the count of a write in flight */
function send(
  parts: ProxyParts,
  passage: Passage,
  generation: Generation,
  decision: Decision | undefined,
  admitted: (() => void) | undefined,
): void {
  const pinned = decision === undefined ? undefined : pinWriter(decision)
  const begin = () => exchange(parts, passage, generation, decision, admitted, pinned)
  if (pinned?.ready === undefined) begin()
  else
    void pinned.ready.then(() => {
      if (!passage.response.destroyed) begin()
      else {
        admitted?.()
        pinned.end(false)
      }
    })
}

function exchange(
  parts: ProxyParts,
  passage: Passage,
  generation: Generation,
  decision: Decision | undefined,
  admitted: (() => void) | undefined,
  pinned: PinnedWrite | undefined,
): void {
  const { request, response, head, target, trace, soap } = passage
  const { config } = generation
  const path = target.path + target.search
  const headers = requestHeaders(request, head, trace, generation.edge)
  const bodied = hasBody(head)
  const read = decision === undefined ? isSafe(request.method) : decision.route.effect === 'read'
  const copied = decision !== undefined && wantsCopy(parts, passage, decision)
  const place = head.mirrored ? undefined : parts.recorder.place(decision?.route.capability.name)
  const tap = copied ? new ReplyTap(tapCap) : undefined
  const keepsBody = bodied && soap?.body === undefined && (copied || place !== undefined)
  const bodyTap = keepsBody ? new BodyTap(bodyCap) : undefined
  const body = () => (bodyTap === undefined ? (soap?.body ?? noBody) : bodyTap.body())
  forward(
    {
      request,
      response,
      path,
      headers,
      body: soap?.body,
      streamed: bodied,
      ahead: soap?.ahead,
      soap: soap?.version,
      traceId: trace.traceId,
      upstream: parts.upstreams.get(decision?.upstream ?? config.default),
      keyFor: ({ key }) => instanceKey(key, request, decision, generation.edge),
      fallback: fallbackOf(parts, decision),
      repeatable: read,
      heardOut: admitted !== undefined,
      timeouts: config.timeouts,
      limits: config.limits,
      tap,
      bodyTap,
      onBodyStart: () => startBody(passage),
      onReply(status, fellBack) {
        if (parts.draining()) response.shouldKeepAlive = false
        if (decision === undefined) return []
        pinned?.end(status < 400 || status >= 500)
        if (!config.expose) return []
        const side = fellBack ? otherSide(decision.side) : decision.side
        return ['Strangler-Side', side, 'Strangler-Generation', String(generation.number)]
      },
    },
    end => {
      admitted?.()
      // A write without an answer may have happened, so its caller reads from the write owner as well.
      pinned?.end(end.outcome !== 'replied')
      finish(parts, passage, generation, decision, end)
      if (tap !== undefined && decision !== undefined && end.outcome === 'replied' && !end.fellBack)
        offerCopy(parts, passage, decision, tap, { path, headers, body: body() })
      if (place !== undefined)
        record(place, parts, passage, generation, decision, end, { path, headers, body: body() })
    },
  )
}

/** In canary a caller who writes reads from the write owner, until the other side has the write. */
function pinWriter({ route, state, caller }: Decision): PinnedWrite | undefined {
  const { stage, data } = route.capability
  return route.effect === 'write' && stage === 'canary' && data === 'synced' && caller !== undefined
    ? state.pins.begin(caller)
    : undefined
}

function fallbackOf(parts: ProxyParts, decision: Decision | undefined) {
  if (decision === undefined || decision.side !== 'extracted' || decision.route.effect !== 'read')
    return undefined
  const { route } = decision
  if (route.capability.writes === 'extracted' || route.legacy === undefined) return undefined
  if (route.capability.writes === undefined && route.capability.stage !== 'canary') return undefined
  return parts.upstreams.get(route.legacy)
}

function record(
  place: RecordingPlace,
  { clock }: ProxyParts,
  { request, head, since }: Passage,
  generation: Generation,
  decision: Decision | undefined,
  end: ForwardEnd,
  sent: { path: string; headers: readonly string[]; body: Buffer | undefined },
): void {
  if (end.outcome !== 'replied') {
    place.aborted()
    return
  }
  place.ended({
    method: request.method ?? 'GET',
    ...sent,
    contentType: head.contentType,
    capability: decision?.route.capability.name,
    route: decision?.route.id,
    effect: decision?.route.effect ?? 'none',
    side: servedBy(decision, end),
    generation: generation.number,
    status: end.status,
    ms: Math.round(clock.elapsed() - since),
  })
}

function servedBy(decision: Decision | undefined, end: ForwardEnd): Side | 'default' {
  if (decision === undefined) return 'default'
  return end.fellBack ? otherSide(decision.side) : decision.side
}

function finish(
  parts: ProxyParts,
  passage: Passage,
  generation: Generation,
  decision: Decision | undefined,
  end: ForwardEnd,
): void {
  const { request, target, trace, soap, since } = passage
  const ms = parts.clock.elapsed() - since
  const effect = decision?.route.effect ?? 'none'
  const side = servedBy(decision, end)
  const failed = end.outcome !== 'replied' && end.outcome !== 'aborted'
  if (decision !== undefined) {
    const traffic = decision.state.traffic[side as Side]
    traffic[decision.route.effect]++
    if (failed) traffic.failed++
    if (end.fellBack) decision.state.traffic[decision.side].failed++
  }
  parts.metrics.requestEnded(
    {
      capability: decision?.route.capability.name ?? 'none',
      side,
      effect,
      outcome: end.fellBack && end.outcome === 'replied' ? 'fell-back' : end.outcome,
    },
    ms / 1_000,
  )
  parts.spans?.add(requestSpan(passage, generation.number, decision, side, end, parts.clock.now(), ms))
  if (!failed && !end.fellBack && !generation.config.accessLog) return
  const event = {
    trace_id: trace.traceId,
    method: request.method,
    path: target.path,
    operation: soap?.operation,
    route: decision?.route.id,
    side,
    generation: generation.number,
    status: end.status,
    outcome: end.outcome,
    cause: end.cause,
    ms: Math.round(ms),
  }
  if (failed) parts.log.warn(event, 'request failed')
  else if (end.fellBack) parts.log.warn(event, 'read fell back to legacy')
  else parts.log.info(event, 'request')
}

function refuse(
  parts: ProxyParts,
  request: IncomingMessage,
  response: ServerResponse,
  trace: TraceContext,
  reply: ProxyAnswer,
  soap = soapVersionOf(request.headers['content-type']),
): void {
  parts.log.warn(
    { trace_id: trace.traceId, method: request.method, status: reply.status, cause: reply.detail },
    'request refused',
  )
  parts.spans?.add(refusalSpan(request, trace, reply.status, parts.clock.now()))
  const closing = reply.status < 500 || !request.complete
  if (closing) refused.add(request.socket)
  sendAnswer(response, reply, soap, trace.traceId, closing)
}

function startBody(passage: Passage): void {
  if (!passage.expectsContinue) return
  passage.expectsContinue = false
  passage.response.writeContinue()
}

function isSafe(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
