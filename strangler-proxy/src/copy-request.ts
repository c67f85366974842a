import type { ReplyTap } from './forwarding/reply-tap.ts'
import type { Decision } from './routing/decide.ts'
import { mirrorSide } from './routing/serving-side.ts'
import type { Passage, ProxyParts } from './serve-request.ts'

/**
 * Whether the other side is asked as well, once the client has its reply: for a read, or for a write that it may
 * rehearse. A sample of either is enough.
 */
export function wantsCopy(parts: ProxyParts, { request, head }: Passage, { route, side }: Decision): boolean {
  const { capability } = route
  if (mirrorSide(capability.stage, side) === undefined || head.mirrored || request.method === 'HEAD')
    return false
  // Only where the file says so: a server that knows no rehearsal would run the write.
  if (route.effect === 'write' && !(route.rehearse && side === 'legacy' && parts.mirror.rehearses(route)))
    return false
  return parts.random() < capability.comparison.sample
}

/** Hands a request that was served to the mirror; counted as dropped where it was too large to keep. */
export function offerCopy(
  { clock, mirror }: ProxyParts,
  passage: Passage,
  { route, state, side }: Decision,
  tap: ReplyTap,
  sent: { path: string; headers: readonly string[]; body: Buffer | undefined },
): void {
  const observation = tap.observation(clock.elapsed() - passage.since)
  if (observation.body === undefined || sent.body === undefined) {
    mirror.drop(observation.body === undefined ? 'reply-too-large' : 'body-too-large')
    return
  }
  mirror.offer({
    capability: route.capability.name,
    route: route.id,
    routeKey: route,
    rehearsal: route.effect === 'write',
    served: side,
    owner: route.capability.writes ?? 'legacy',
    observation,
    method: passage.request.method ?? 'GET',
    path: sent.path,
    headers: withoutHeaders(sent.headers, route.capability.comparison.withhold),
    body: sent.body.length === 0 ? undefined : sent.body,
    upstreams: { legacy: route.legacy ?? '', extracted: route.extracted },
    traceId: passage.trace.traceId,
    comparison: route.capability.comparison,
    ledger: state.ledger,
  })
}

function withoutHeaders(headers: readonly string[], names: readonly string[]): readonly string[] {
  if (names.length === 0) return headers
  return headers.filter((_text, index) => !names.includes(headers[index & ~1]!.toLowerCase()))
}
