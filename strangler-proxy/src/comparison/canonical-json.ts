import { type CanonicalValue, canonicalNumber } from './canonical-value.ts'

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

const number = Symbol('number')

/** A JSON document as it is compared: order of keys gone, numbers exact. @throws SyntaxError */
export function canonicalJson(text: string): CanonicalValue {
  const keepDigits: Reviver = (_key, value, context) =>
    typeof value === 'number' ? { [number]: context.source ?? String(value) } : value
  return canonical(JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown), 0)
}

const maxDepth = 200

function canonical(value: unknown, depth: number): CanonicalValue {
  if (depth > maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth}`)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(item => canonical(item, depth + 1))
  if (typeof value === 'object') {
    if (number in value) return canonicalNumber(String(value[number]))
    return new Map(Object.entries(value).map(([key, item]) => [key, canonical(item, depth + 1)]))
  }
  throw new SyntaxError('not JSON')
}
