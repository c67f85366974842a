import type { Json } from '../codec/json.ts'
import type { SoapFault } from '../soap/soap-fault.ts'
import type { ProblemDocument } from './problem-document.ts'

/** The resources that stand for operations of a contract: data and pure functions, no I/O. */
export type RestMapping = {
  name: string
  /** Bytes of a request body. */
  bodyLimit: number
  resources: readonly RestResource[]
  /** Operations that only read, so that they may be GET and sent again. Whoever writes the mapping vouches for it. */
  reads: readonly string[]
  /** JSON Schemas by the names that resources refer to. */
  schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** What a fault is to REST callers; undefined leaves it to the general rule. */
  problemOf(fault: SoapFault): ProblemDocument | undefined
}

export type RestResource = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments in braces are parameters: `/customers/{id}/notes`. */
  path: string
  operation: string
  summary: string
  /** Names in `schemas`. */
  request?: string
  response: string
  /** Query parameters, for the OpenAPI document. */
  query?: readonly { name: string; schema: Readonly<Record<string, unknown>> }[]
  /** The status of a reply that is no problem, for the OpenAPI document. */
  success: number
  /** The operation's input in CXJ, or an answer that needs no call. */
  input(request: RestRequest): { input: Json } | { answer: RestAnswer }
  answer(reply: Json, request: RestRequest): RestAnswer
}

export type RestRequest = {
  path: string
  parameters: Readonly<Record<string, string>>
  query: URLSearchParams
  /** Null for methods without a body. */
  body: Json
}

export type RestAnswer =
  | { status: number; headers?: Readonly<Record<string, string>>; body: unknown }
  | { problem: ProblemDocument }
