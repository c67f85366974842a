import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isRecord, type Json, recordOf, textOf } from '../render/json-fields.ts'
import type { Endpoint, Reply } from './http-exchange.ts'

/** What a verb ended with: the document for `--json`, and its exit code. */
export type VerbAnswer = { result: Json; exit: number }

/**
 * The JSON document that a request was answered with.
 * @throws ToolkitError what the other end says, with `status` in its details; ANSWER_UNREADABLE
 */
export async function readDocument(endpoint: Endpoint, reply: Reply): Promise<unknown> {
  let text = ''
  for await (const line of reply.lines) text += `${line}\n`
  const body = parsed(text)
  if (reply.status >= 200 && reply.status < 300 && body !== undefined) return body
  throw failureOf(endpoint, reply.status, recordOf(body))
}

/**
 * The lines of a verb: progress as it comes, then the one that ends it.
 * @throws ToolkitError as readDocument does; VERB_UNFINISHED when the stream ends before the verb does
 */
export async function readVerb(
  endpoint: Endpoint,
  reply: Reply,
  onProgress: (progress: Json) => void,
): Promise<VerbAnswer> {
  if (reply.status < 200 || reply.status > 299)
    return refusedAnswer(await collect(reply), endpoint, reply.status)
  let answer: VerbAnswer | undefined
  for await (const line of reply.lines) {
    if (line.trim() === '') continue
    const message = parsed(line)
    if (!isRecord(message)) throw unreadable(endpoint)
    if (isRecord(message.progress)) onProgress(message.progress)
    if ('result' in message) answer = { result: recordOf(message.result), exit: exitCode(message.exit) }
  }
  if (answer !== undefined) return answer
  throw new ToolkitError(
    'VERB_UNFINISHED',
    `the ${endpoint.name} ended its answer before the verb was done`,
    {
      hint: 'npx strangler run CAPABILITY finishes what was begun, or takes it back',
    },
  )
}

/** A refusal may come as the whole answer (before anything was streamed): it is a result then, no failure. */
function refusedAnswer(body: unknown, endpoint: Endpoint, status: number): VerbAnswer {
  const result = recordOf(body)
  if (Array.isArray(result.refusals) && result.refusals.length > 0) return { result, exit: 3 }
  throw failureOf(endpoint, status, result)
}

async function collect(reply: Reply): Promise<unknown> {
  let text = ''
  for await (const line of reply.lines) text += `${line}\n`
  return parsed(text)
}

/** Reads `{code, message, hint}` and problem+json (RFC 9457) alike. */
function failureOf(endpoint: Endpoint, status: number, body: Json): ToolkitError {
  if (status === 401 || status === 403)
    return new ToolkitError(
      'TOKEN_REFUSED',
      `the ${endpoint.name} at ${endpoint.url} does not accept the token`,
      {
        details: { status },
        hint: 'use the token of the system that runs: the file .strangler/token, or STRANGLER_TOKEN as it was started with',
      },
    )
  if (status >= 200 && status < 400) return unreadable(endpoint)
  const { code, message, title, detail, hint, details, ...rest } = body
  const sentence = message ?? detail ?? title ?? `the ${endpoint.name} answered HTTP ${status}`
  return new ToolkitError(textOf(code, `HTTP_${status}`), textOf(sentence), {
    details: { ...rest, ...recordOf(details), status },
    ...(hint === undefined ? {} : { hint: textOf(hint) }),
  })
}

function unreadable({ name, url }: Endpoint): ToolkitError {
  return new ToolkitError('ANSWER_UNREADABLE', `what answers at ${url} does not speak as the ${name} does`, {
    hint: 'see who listens there; run.json may be of a system that no longer runs',
  })
}

function exitCode(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 4 ? value : 1
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
