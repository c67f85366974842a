import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { learnBindings } from './learn-bindings.ts'
import { linkCallers } from './substitution.ts'

/** A request that is asked of two systems. */
export type RecordedRequest = {
  method: string
  /** With its query, as it was sent. */
  path: string
  headers: readonly (readonly [name: string, value: string])[]
  body: string | undefined
  /** Requests of one caller are asked in their order. */
  caller: string
  /** What its comparison is counted under. */
  route: string
  /** Whether asking it twice does no harm. */
  isRead: boolean
  /** Names for what its answer gives: `{token: 'body.access_token'}`. Later requests have `{{token}}` in its place. */
  bind?: Readonly<Record<string, string>> | undefined
}

const method = z.string().regex(/^[A-Za-z]{1,20}$/, 'an HTTP method')
const source = z
  .string()
  .regex(/^(body\..+|header\..+|cookie\..+)$/, 'such as body.token, header.location, cookie.sid')
const plainLine = z.strictObject({
  method: method.default('GET'),
  path: z.string().regex(/^\/[\x21-\x7e]*$/, 'a path that begins with /'),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  body: z.unknown().optional(),
  /** Requests of one caller are asked in their order; told by cookie and authorization where it is not said. */
  caller: z.string().min(1).optional(),
  bind: z.record(z.string().regex(/^[A-Za-z_][\w-]*$/, 'a name'), source).optional(),
  // What our recorder adds: its own view of the request.
  route: z.string().nullish(),
  effect: z.string().optional(),
  at: z.string().optional(),
  ms: z.number().optional(),
  capability: z.string().nullish(),
  side: z.string().optional(),
  generation: z.number().optional(),
  status: z.number().optional(),
})
const har = z.object({
  log: z.object({
    entries: z.array(
      z.object({
        request: z.object({
          method,
          url: z.string().refine(value => URL.canParse(value), 'a URL'),
          headers: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
          postData: z.object({ text: z.string().optional() }).optional(),
        }),
        response: z
          .object({
            content: z.object({ text: z.string().optional(), encoding: z.string().optional() }).optional(),
          })
          .optional(),
      }),
    ),
  }),
})

/** What belongs to one connection, or is made anew for each of the two systems. */
const ownHeaders =
  /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|:.*)$/i

/**
 * Requests of a HAR, of our recorder's file, or of lines `{method, path, headers, body}`.
 * @throws ToolkitError USAGE_REQUESTS_INVALID with every problem and its line or path
 */
export function readRequests(text: string, file: string): RecordedRequest[] {
  const document = wholeDocument(text)
  return linkCallers(isHar(document) ? fromHar(document, file) : fromLines(text, file))
}

function fromHar(document: unknown, file: string): RecordedRequest[] {
  const parsed = har.safeParse(document)
  if (!parsed.success) throw invalid(file, problemsOf(parsed.error, ''))
  const { entries } = parsed.data.log
  const requests = entries.map(({ request }) => {
    const { pathname, search } = new URL(request.url)
    const headers = request.headers.map(({ name, value }) => [name, value] as const)
    return recorded(request.method, `${pathname}${search}`, headers, request.postData?.text)
  })
  const answers = entries.map(({ response }) =>
    response?.content?.encoding === undefined ? response?.content?.text : undefined,
  )
  return learnBindings(requests, answers)
}

function fromLines(text: string, file: string): RecordedRequest[] {
  const problems: Problem[] = []
  const begun = new Map<RecordedRequest, number>()
  const requests = text.split('\n').flatMap((line, index): RecordedRequest[] => {
    if (line.trim() === '') return []
    const at = `line ${index + 1}`
    try {
      const parsed = plainLine.safeParse(JSON.parse(line))
      if (!parsed.success) {
        problems.push(...problemsOf(parsed.error, at))
        return []
      }
      const { path, headers, body, caller, bind, route, effect, at: ended, ms } = parsed.data
      const sent =
        body === undefined || body === null || typeof body === 'string' ? body : JSON.stringify(body)
      const all = Object.entries(headers).flatMap(([name, values]) =>
        [values].flat().map(value => [name, value] as const),
      )
      const read = recorded(parsed.data.method, path, all, sent ?? undefined)
      const request: RecordedRequest = {
        ...read,
        caller: caller ?? read.caller,
        route: route ?? read.route,
        isRead: effect === undefined ? read.isRead : effect === 'read',
        bind,
      }
      if (ended !== undefined) begun.set(request, Date.parse(ended) - (ms ?? 0))
      return [request]
    } catch (error) {
      problems.push({ path: at, message: messageOf(error) })
      return []
    }
  })
  if (problems.length > 0) throw invalid(file, problems)
  // The recorder writes a request when it has ended; here they are asked as they began.
  return begun.size < requests.length ? requests : requests.sort((a, b) => begun.get(a)! - begun.get(b)!)
}

function recorded(
  verb: string,
  path: string,
  all: readonly (readonly [string, string])[],
  body: string | undefined,
): RecordedRequest {
  const headers = all.filter(([name]) => !ownHeaders.test(name))
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
  const upper = verb.toUpperCase()
  return {
    method: upper,
    path,
    headers,
    body: body === '' ? undefined : body,
    caller: `${header('cookie')}\n${header('authorization')}`,
    route: routeOf(upper, path, header('soapaction')),
    isRead: ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(upper),
  }
}

/** `GET /customers/{id}`, `/soap#GetCustomer`: requests that differ in their ids only are of one route. */
export function routeOf(verb: string, path: string, soapAction: string): string {
  const [pathname = ''] = path.split('?', 1)
  const operation = /([A-Za-z_][\w.-]*)"?$/.exec(soapAction)?.[1]
  if (operation !== undefined) return `${pathname}#${operation}`
  const general = pathname
    .split('/')
    .map(part => (/^\d+$|^[0-9a-f]{8}-[0-9a-f-]{27}$|^[0-9a-f]{24,}$/i.test(part) ? '{id}' : part))
  return `${verb} ${general.join('/')}`
}

function wholeDocument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isHar(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'log' in document
}

function problemsOf(error: z.ZodError, at: string): Problem[] {
  return error.issues.map(({ path, message }) => ({
    path: [at, path.join('.')].filter(part => part !== '').join(': '),
    message,
  }))
}

function invalid(file: string, problems: readonly Problem[]) {
  return invalidInput('USAGE_REQUESTS_INVALID', file, [...problems])
}
