import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { childSpan, parseTraceparent } from '@strangler/kit/trace-context.ts'
import { forwardUpgrade, refuseUpgrade } from './forwarding/forward-upgrade.ts'
import { requestHeaders } from './forwarding/forwarded-headers.ts'
import { answers, badRequest, type ProxyAnswer } from './forwarding/refusal-answer.ts'
import { readHead } from './forwarding/request-head.ts'
import { decide, instanceKey } from './routing/decide.ts'
import { normaliseTarget } from './routing/request-target.ts'
import type { ProxyParts } from './serve-request.ts'

const refusals: Record<string, ProxyAnswer> = {
  timeout: answers.upstreamTimeout,
  'no-instance': answers.noInstance,
}

/** WebSocket handshakes, routed like the request that they are; the very first request of a process included. */
export function createUpgradeListener(parts: ProxyParts) {
  return (request: IncomingMessage, socket: Duplex, ahead: Buffer) => {
    socket.on('error', () => socket.destroy())
    const head = readHead(request)
    const trace = childSpan(parseTraceparent(head.traceparent))
    const target = head.hosts > 1 ? 'Host stands twice' : normaliseTarget(request.url ?? '', head.host)
    if (typeof target === 'string') return refuseUpgrade(socket, badRequest(target))
    const generation = parts.current()
    const decision = decide(generation, parts.states, request, target, undefined)
    if (decision !== undefined && 'refusal' in decision) return refuseUpgrade(socket, decision.refusal)
    if (decision?.route.effect === 'write' && decision.state.desk.holding() !== undefined)
      return refuseUpgrade(socket, answers.holdFull)
    const upstream = parts.upstreams.get(decision?.upstream ?? generation.config.default)
    forwardUpgrade(
      {
        request,
        socket,
        ahead,
        path: target.path + target.search,
        headers: requestHeaders(request, head, trace, generation.edge),
        upstream,
        key: instanceKey(upstream.key, request, decision, generation.edge),
      },
      outcome => {
        if (outcome === 'switched' || outcome === 'declined') return
        refuseUpgrade(socket, refusals[outcome] ?? answers.upstreamRefused)
        parts.log.warn({ trace_id: trace.traceId, path: target.path, outcome }, 'upgrade failed')
      },
    )
  }
}
