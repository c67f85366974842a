import type { Json, JsonObject } from '../codec/json.ts'
import type { ProblemDocument } from '../rest-facade/problem-document.ts'

/** The operations that REST resources stand behind: data and pure functions, no I/O. */
export type SoapMapping = {
  name: string
  /** Whether the server that is replaced takes the children of a request in any order; clients may rely on it. */
  childOrder: 'schema' | 'any'
  operations: Readonly<Record<string, SoapOperationMapping>>
  /** The declared fault a problem is; undefined leaves it to the general rule. */
  faultOf(problem: ProblemDocument, input: JsonObject): TypedFault | undefined
  /** The declared fault for a request that is not of its schema; undefined for a plain Client fault. */
  faultOfInvalid(operation: string, invalid: InvalidMessage): TypedFault | undefined
}

export type SoapOperationMapping = {
  /** `input` is the request in CXJ. */
  call(input: JsonObject): RestCall
  /** The reply in CXJ, from the body of a 2xx answer. */
  reply(body: Json): Json
}

export type RestCall = { method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string; body?: Json }

/** `name` is the local name of the fault's element. */
export type TypedFault = { name: string; reason: string; detail: Json }

export type InvalidMessage = {
  /** JSON pointer to the value; '' for the message itself. */
  path: string
  /** Elements that could have stood where the message went wrong. */
  expected: readonly string[]
  /** The element that stood there instead; undefined where the message ended. */
  unexpected: string | undefined
  /** What the value at `path` is, where that is what is wrong. */
  content: 'nil' | 'empty' | 'text' | undefined
}
