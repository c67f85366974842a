import type { RecordedRequest } from './request-file.ts'

/** Shorter texts and smaller numbers are equal by chance. */
const leastText = 8
const leastNumber = 100
const maxDepth = 20

/**
 * Finds what later requests took from earlier answers: a recording with its answers says so itself. Such a value becomes
 * `{{name}}`, given by each system's own answer, so that logins and made-up ids differ between the two without harm.
 * @param answers JSON texts, by the index of the request; undefined where there is none
 */
export function learnBindings(
  requests: readonly RecordedRequest[],
  answers: readonly (string | undefined)[],
): RecordedRequest[] {
  const known = new Map<string, Given>()
  const learnt: RecordedRequest[] = []
  requests.forEach((request, index) => {
    let replaced = request
    for (const [value, source] of known) {
      const name = nameOf(source)
      const next = withMark(replaced, value, `{{${name}}}`)
      if (next === replaced) continue
      replaced = next
      const giver = learnt[source.giver]!
      learnt[source.giver] = { ...giver, bind: { ...giver.bind, [name]: source.from } }
    }
    learnt.push(replaced)
    const sent = [request.path, request.body ?? '', ...request.headers.map(([, value]) => value)].join('\n')
    // What the client sent itself was not given by the answer.
    for (const [value, from] of scalars(answers[index]))
      if (!known.has(value) && !sent.includes(value)) known.set(value, { giver: index, from })
  })
  return learnt
}

/** By which request's answer a value was given, and where it stood there. */
type Given = { giver: number; from: string }

function nameOf({ giver, from }: Given): string {
  return `answer${giver + 1}_${from.replace(/[^A-Za-z0-9]+/g, '_')}`
}

/** The same request where the value is not in it. */
function withMark(request: RecordedRequest, value: string, mark: string): RecordedRequest {
  const { path, headers, body } = request
  const used = {
    path: inPath(path, value),
    body: body?.includes(value) === true,
    headers: inHeaders(headers, value),
  }
  if (!used.path && !used.body && !used.headers) return request
  return {
    ...request,
    path: used.path ? path.replaceAll(encodeURIComponent(value), mark) : path,
    body: used.body ? body!.replaceAll(value, mark) : body,
    headers: used.headers
      ? headers.map(([name, text]) => [name, text.replaceAll(value, mark)] as const)
      : headers,
  }
}

function inPath(path: string, value: string): boolean {
  return path.split(/[/?&=#]/).includes(encodeURIComponent(value))
}

function inHeaders(headers: RecordedRequest['headers'], value: string): boolean {
  return headers.some(([, text]) => text.split(/[\s;,=]/).includes(value))
}

function scalars(text: string | undefined): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (value: unknown, path: string, depth: number): void => {
    if (depth > maxDepth) return
    const worth =
      (typeof value === 'string' && value.length >= leastText) ||
      (typeof value === 'number' && value >= leastNumber)
    if (worth) found.set(String(value), path)
    if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value))
        if (!key.includes('.')) visit(inner, `${path}.${key}`, depth + 1)
  }
  try {
    if (text !== undefined) visit(JSON.parse(text), 'body', 0)
  } catch {
    // Not JSON: it gives nothing that can be named.
  }
  return found
}
