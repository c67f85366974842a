import type { IncomingMessage } from 'node:http'
import type { CapabilityState, CapabilityStates } from '../capability-state.ts'
import type { CohortKey } from '../config/cohort-key.ts'
import type { CohortMark, Side } from '../config/config-schema.ts'
import { answers, type ProxyAnswer } from '../forwarding/refusal-answer.ts'
import { clientAddress, type Edge } from '../forwarding/trusted-peers.ts'
import { type CallerFacts, callerKey } from './caller-key.ts'
import { inCohort } from './cohort.ts'
import { type Generation, type Route, soapEndpointOf } from './generation.ts'
import type { RequestTarget } from './request-target.ts'
import { holds } from './route-condition.ts'
import { servingSide } from './serving-side.ts'

/** Where a request that belongs to a capability goes. */
export type Decision = {
  route: Route
  state: CapabilityState
  side: Side
  /** Name of the upstream. */
  upstream: string
  /** Who asks, by the cohort key; known in canary only. */
  caller: string | undefined
  /** Of the path, in the order of the route. */
  parameters: readonly string[]
}

/**
 * Route, then side. Undefined where no route claims the request: it goes to the default upstream.
 * @param operation of a SOAP message; undefined for any other request
 */
export function decide(
  generation: Generation,
  states: CapabilityStates,
  request: IncomingMessage,
  target: RequestTarget,
  operation: string | undefined,
): Decision | { refusal: ProxyAnswer } | undefined {
  let route: Route | undefined
  let parameters: readonly string[] = []
  if (operation !== undefined) route = soapEndpointOf(generation, target.path)?.get(operation)
  else {
    const match = generation.rest.match(request.method ?? '', target.path, choice => {
      route = choice.find(({ when }) => holds(when, request, target))
      return route !== undefined
    })
    if (match === undefined) return undefined
    parameters = match.parameters
  }
  if (route === undefined) return undefined
  const { capability, parameters: names } = route
  const state = states.of(capability.name)
  let caller: string | undefined
  let cohort = false
  if (capability.stage === 'canary' && capability.key !== undefined) {
    caller = callerKey(capability.key, factsOf(request, names, parameters, generation.edge))
    cohort =
      !capability.exclude.some(mark => carries(request, mark)) &&
      (capability.include.some(mark => carries(request, mark)) ||
        inCohort(capability.seed, capability.threshold, caller))
  }
  const side = servingSide(capability, route.effect, cohort, cohort && state.pins.has(caller))
  const upstream = route[side]
  return upstream === undefined
    ? { refusal: answers.legacyGone }
    : { route, state, side, upstream, caller, parameters }
}

/** What a request says about who sends it, and where it wants to go. */
export function factsOf(
  request: IncomingMessage,
  names: readonly string[],
  parameters: readonly string[],
  edge: Edge | undefined,
): CallerFacts {
  return {
    header: name => headerOf(request, name),
    parameter: name => parameters[names.indexOf(name)],
    address: clientAddress(request, edge),
  }
}

/** The key by which an upstream that hashes chooses among its servers. */
export function instanceKey(
  key: CohortKey | undefined,
  request: IncomingMessage,
  decision: Decision | undefined,
  edge: Edge | undefined,
): string | undefined {
  if (key === undefined) return undefined
  return callerKey(key, factsOf(request, decision?.route.parameters ?? [], decision?.parameters ?? [], edge))
}

function carries(request: IncomingMessage, { header, value }: CohortMark): boolean {
  const given = headerOf(request, header)
  return given !== undefined && (value === undefined || given === value)
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
