import { isJsonObject, type Json, type JsonObject } from '../codec/json.ts'
import type { Operation } from '../contract/contract.ts'
import type { ProblemDocument } from '../rest-facade/problem-document.ts'
import { type OutgoingFault, plainFault } from '../soap/write-envelope.ts'
import { localOf } from '../xml/qualified-name.ts'
import type { TypedFault } from './soap-mapping.ts'

/**
 * The fault of an answer that is not 2xx: the one the mapping gives, else the one a `fault` member of the
 * problem restores with its code, else Client for 4xx and Server for 5xx with text that quotes nothing.
 */
export function faultOfProblem(
  status: number,
  problem: ProblemDocument | undefined,
  typed: TypedFault | undefined,
  operation: Operation,
): { fault: OutgoingFault } {
  const declared =
    (typed === undefined ? undefined : typedFault(typed, operation)) ??
    (problem === undefined ? undefined : restoredFault(problem, operation))
  if (declared !== undefined) return { fault: declared }
  if (status === 503) return { fault: plainFault('Server', 'the service is not available now, try again') }
  if (status >= 400 && status < 500)
    return {
      fault: plainFault(
        'Client',
        typeof problem?.title === 'string' ? problem.title : 'the request was refused',
      ),
    }
  return { fault: plainFault('Server', 'internal error') }
}

/** A typed fault as the operation declares it; undefined where it declares none of that name. */
export function typedFault(
  { name, reason, detail }: TypedFault,
  operation: Operation,
): OutgoingFault | undefined {
  const fault = operation.faults.find(({ element }) => localOf(element.name) === name)
  return fault === undefined ? undefined : { code: 'Client', reason, detail: { fault, value: detail } }
}

function restoredFault(problem: ProblemDocument, operation: Operation): OutgoingFault | undefined {
  const carried = problem.fault as Json | undefined
  if (!isJsonObject(carried) || typeof problem.detail !== 'string') return undefined
  const { code, actor, subcodes, detail = {} } = carried
  const name = isJsonObject(detail) ? Object.keys(detail)[0] : undefined
  const typed =
    name === undefined
      ? undefined
      : typedFault({ name, reason: problem.detail, detail: (detail as JsonObject)[name]! }, operation)
  if (typeof code !== 'string' || !faultCode.test(code)) return typed
  return {
    ...typed,
    code,
    reason: problem.detail,
    ...(typeof actor === 'string' ? { actor } : {}),
    ...(Array.isArray(subcodes) ? { subcodes: subcodes.filter(isQualified) } : {}),
  }
}

/** As SoapFault has them. What is written into the envelope's markup is checked, whoever sent it. */
const faultCode =
  /^(?:(?:Client|Server|MustUnderstand|VersionMismatch)(?:\.[A-Za-z_][\w-]*)*|\{[^{}]*\}[A-Za-z_][\w.-]*)$/

function isQualified(text: Json): text is string {
  return typeof text === 'string' && /^\{[^{}]*\}[A-Za-z_][\w.-]*$/.test(text)
}
