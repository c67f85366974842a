import { setTimeout as delay } from 'node:timers/promises'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** A process of ours that answers operators. */
export type Endpoint = { name: 'engine' | 'proxy'; url: string; token: string | undefined }

export type Exchange = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: unknown
  /** How long the other end may say nothing at all. */
  idleMs: number
  /** How long to go on trying while nobody listens: a crashed engine is started again by its supervisor. */
  connectMs: number
  signal: AbortSignal
}

export type Reply = { status: number; lines: AsyncIterable<string> }

/** More than any answer of ours; a line beyond it is somebody else's. */
const maxLineLength = 32 * 1024 * 1024
const retryMs = 150

/**
 * One request with the operator's token; the answer comes line by line as it arrives.
 * @throws ToolkitError TOKEN_MISSING, TOKEN_UNUSABLE, <NAME>_UNREACHABLE, <NAME>_SILENT, CONNECTION_LOST, INTERRUPTED
 */
export async function exchange(endpoint: Endpoint, request: Exchange): Promise<Reply> {
  const token = usableToken(endpoint)
  const idle = idleAlarm(request.idleMs)
  const signal = AbortSignal.any([request.signal, idle.signal])
  const options: RequestInit = {
    method: request.method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    redirect: 'manual',
    signal,
  }
  const explained = (error: unknown) => explain(error, endpoint, request, idle.signal.aborted)
  try {
    const response = await fetchPatiently(`${endpoint.url}${request.path}`, options, request.connectMs)
    return { status: response.status, lines: linesOf(response, idle, explained) }
  } catch (error) {
    idle.stop()
    throw explained(error)
  }
}

async function fetchPatiently(url: string, options: RequestInit, connectMs: number): Promise<Response> {
  const giveUpAt = performance.now() + connectMs
  for (;;) {
    try {
      return await fetch(url, options)
    } catch (error) {
      // Refused means that nothing was sent, so trying again can't do anything twice.
      if (!isRefused(error) || performance.now() + retryMs > giveUpAt) throw error
      await delay(retryMs)
    }
  }
}

async function* linesOf(
  response: Response,
  idle: IdleAlarm,
  explained: (error: unknown) => Error,
): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of response.body ?? []) {
      idle.touch()
      const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
      rest = parts.pop()!
      if (rest.length > maxLineLength) throw new Error(`a line of more than ${maxLineLength} characters`)
      yield* parts
    }
    if (rest !== '') yield rest
  } catch (error) {
    throw explained(error)
  } finally {
    idle.stop()
  }
}

type IdleAlarm = { signal: AbortSignal; touch(): void; stop(): void }

function idleAlarm(ms: number): IdleAlarm {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), ms)
  return {
    signal: controller.signal,
    touch: () => timer.refresh(),
    stop: () => clearTimeout(timer),
  }
}

/** A header carries printable ASCII only; the token itself is never shown. */
function usableToken({ name, token }: Endpoint): string {
  if (token === undefined)
    throw new ToolkitError('TOKEN_MISSING', `the ${name} wants a token, and none was found`, {
      hint: 'set STRANGLER_TOKEN, or run this where .strangler/token is (or name that folder: --state DIR)',
    })
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new ToolkitError('TOKEN_UNUSABLE', 'the token holds characters that no HTTP header can carry', {
    hint: 'check STRANGLER_TOKEN, or the file .strangler/token',
  })
}

function isRefused(error: unknown): boolean {
  return codeOf(error) === 'ECONNREFUSED'
}

function codeOf(error: unknown): string | undefined {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code
}

function explain(error: unknown, endpoint: Endpoint, request: Exchange, silent: boolean): Error {
  const { name, url } = endpoint
  const details = { url, path: request.path }
  if (error instanceof ToolkitError) return error
  if (request.signal.aborted)
    return new ToolkitError('INTERRUPTED', `no longer watching; the ${name} may still be at work`, {
      details,
      hint: 'npx strangler status shows how things stand',
    })
  if (silent)
    return new ToolkitError(
      `${name.toUpperCase()}_SILENT`,
      `the ${name} at ${url} has said nothing for ${Math.round(request.idleMs / 1_000)} s`,
      { details, hint: `npx strangler status shows how things stand; the log of the ${name} shows why` },
    )
  if (isRefused(error))
    return new ToolkitError(`${name.toUpperCase()}_UNREACHABLE`, `nobody listens at ${url} (${name})`, {
      details,
      hint: 'start the system with: npm start (or npx strangler proxy --config FILE for the proxy alone)',
      cause: error,
    })
  return new ToolkitError(
    'CONNECTION_LOST',
    `the connection to the ${name} at ${url} broke (${codeOf(error) ?? 'unexpectedly'})`,
    { details, hint: 'npx strangler status shows how things stand', cause: error },
  )
}
