/** One step of a REST path: a literal, or a parameter that takes one non-empty segment. */
export type PathSegment = { literal: string } | { parameter: string }

export type RestPattern = {
  /** An HTTP method, or ANY. */
  method: string
  segments: readonly PathSegment[]
  /** Whether the path ends in a double star, which takes any number of further segments, none included. */
  open: boolean
}

export type SoapPattern = { endpoint: string; operation: string }

const methods = new Set(['ANY', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const literal = /^[A-Za-z0-9\-._~!$&'()+,;=:@]+$/
const parameter = /^\{([A-Za-z_][A-Za-z0-9_]{0,63})\}$/
const ncName = /^[\p{L}_][\p{L}\p{N}\-._]*$/u

/** Reads `GET /customers/{id}`; a string answers what is wrong with it. */
export function parseRestPattern(text: string): RestPattern | string {
  const [method, path, ...more] = text.split(' ')
  if (path === undefined || more.length > 0) return 'METHOD /path, such as "GET /customers/{id}"'
  if (!methods.has(method!)) return `method ${method}: one of ${[...methods].join(', ')}`
  const steps = parsePath(path)
  return typeof steps === 'string' ? steps : { method: method!, ...steps }
}

/** Reads `/soap#GetCustomer`; a string answers what is wrong with it. */
export function parseSoapPattern(text: string): SoapPattern | string {
  const hash = text.indexOf('#')
  if (hash === -1) return '/endpoint#Operation, such as "/soap#GetCustomer"'
  const endpoint = text.slice(0, hash)
  const operation = text.slice(hash + 1)
  const steps = parsePath(endpoint)
  if (typeof steps === 'string') return steps
  if (steps.open || steps.segments.some(step => 'parameter' in step))
    return 'the endpoint of an operation is a plain path'
  if (!ncName.test(operation)) return `operation ${JSON.stringify(operation)} is not an XML name`
  return { endpoint, operation }
}

/** What two REST patterns have in common when no request could tell them apart. */
export function shapeOf(pattern: RestPattern): string {
  const path = pattern.segments.map(step => ('literal' in step ? step.literal : '{}')).join('/')
  return `${pattern.method} /${path}${pattern.open ? '/**' : ''}`
}

function parsePath(path: string): Pick<RestPattern, 'segments' | 'open'> | string {
  if (!path.startsWith('/')) return 'a path that starts with /'
  const texts = path === '/' ? [] : path.slice(1).split('/')
  const open = texts.at(-1) === '**'
  if (open) texts.pop()
  const segments: PathSegment[] = []
  const seen = new Set<string>()
  for (const text of texts) {
    const named = parameter.exec(text)?.[1]
    if (named !== undefined) {
      if (seen.has(named)) return `parameter {${named}} stands twice`
      seen.add(named)
      segments.push({ parameter: named })
    } else if (text === '.' || text === '..' || !literal.test(text)) {
      return `segment ${JSON.stringify(text)}: letters, digits and - . _ ~ ! $ & ' ( ) + , ; = : @, or {name}, or ** at the end`
    } else segments.push({ literal: text })
  }
  return { segments, open }
}
