import type { Conceal } from './redaction.ts'

/**
 * A document as it is compared: lexical accidents are gone, meaning is kept.
 * Numbers keep all their digits as text, because two large numbers may share one double.
 */
export type CanonicalValue =
  | null
  | boolean
  | string
  /** `number` is equal for equal numbers, `source` is how it was written. */
  | { number: string; source: string }
  /** XML elements of one name, of which there is usually one: their path carries no index. */
  | { group: readonly CanonicalValue[] }
  | CanonicalValue[]
  | Map<string, CanonicalValue>

/** What differs, at a path in which array positions are generalised: `items[].creditLimit`. */
export type Difference = { path: string; legacy: string; extracted: string }

/** Where a map keeps the order of its keys, if that has a meaning. */
export const orderKey = '#order'

const maxDifferences = 100
const maxShown = 200

/**
 * Every difference between two documents, up to a hundred.
 * @param conceal how values are shown
 */
export function differences(
  legacy: CanonicalValue,
  extracted: CanonicalValue,
  conceal: Conceal,
  equalText: EqualText = (left, right) => left === right,
): Difference[] {
  const found: Difference[] = []
  walk({ found, equalText, conceal }, '', legacy, extracted)
  return found
}

type EqualText = (legacy: string, extracted: string) => boolean
type Walk = { found: Difference[]; equalText: EqualText; conceal: Conceal }

function walk(to: Walk, path: string, left: CanonicalValue | undefined, right: CanonicalValue | undefined) {
  if (left === right) return
  if (left instanceof Map && right instanceof Map) walkMaps(to, path, left, right)
  else if (Array.isArray(left) && Array.isArray(right)) walkItems(to, path, `${path}[]`, left, right)
  else if (isGroup(left) && isGroup(right)) walkItems(to, path, path, left.group, right.group)
  else if (!equalScalars(to.equalText, left, right)) differ(to, path, left, right)
}

function walkMaps(
  to: Walk,
  path: string,
  left: ReadonlyMap<string, CanonicalValue>,
  right: ReadonlyMap<string, CanonicalValue>,
): void {
  let same = left.size === right.size
  for (const [key, value] of left) {
    if (key === orderKey) continue
    if (!right.has(key)) same = false
    walk(to, join(path, key), value, right.get(key))
  }
  for (const [key, value] of right)
    if (!left.has(key) && key !== orderKey) {
      same = false
      walk(to, join(path, key), undefined, value)
    }
  // Order says something only about the same elements.
  if (same) walk(to, join(path, orderKey), left.get(orderKey), right.get(orderKey))
}

/** Positions of lists of different length do not correspond: the length is the difference. */
function walkItems(
  to: Walk,
  path: string,
  itemPath: string,
  left: readonly CanonicalValue[],
  right: readonly CanonicalValue[],
): void {
  if (left.length !== right.length) differ(to, join(path, 'length'), left.length, right.length)
  else for (const [index, value] of left.entries()) walk(to, itemPath, value, right[index])
}

function equalScalars(
  equalText: EqualText,
  left: CanonicalValue | undefined,
  right: CanonicalValue | undefined,
): boolean {
  if (typeof left === 'string' && typeof right === 'string') return equalText(left, right)
  return isNumber(left) && isNumber(right) && left.number === right.number
}

function differ({ found, conceal }: Walk, path: string, left: unknown, right: unknown): void {
  if (found.length >= maxDifferences) return
  const field = fieldOf(path)
  found.push({ path, legacy: show(left, field, conceal), extracted: show(right, field, conceal) })
}

/** `items[].creditLimit` and `customer.creditLimit.#text` end in the field creditLimit. */
function fieldOf(path: string): string {
  const names = path.replaceAll('[]', '').split('.')
  return (names.at(-1) === '#text' ? names.at(-2) : names.at(-1)) ?? ''
}

/** `1.50`, `15e-1` and `1.5` are one number. */
export function canonicalNumber(source: string): { number: string; source: string } {
  return { number: numberForm(source), source }
}

function numberForm(source: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  if (whole === undefined) return source
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + (digits.length - trimmed.length)}`
}

function isNumber(value: CanonicalValue | undefined): value is { number: string; source: string } {
  return typeof value === 'object' && value !== null && 'number' in value
}

function isGroup(value: CanonicalValue | undefined): value is { group: readonly CanonicalValue[] } {
  return typeof value === 'object' && value !== null && 'group' in value
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** Structure is shown as it is; what somebody may have typed is concealed. */
function show(value: unknown, field: string, conceal: Conceal): string {
  const text = describe(value, field, conceal)
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
}

function describe(value: unknown, field: string, conceal: Conceal): string {
  if (value === undefined) return 'absent'
  if (typeof value === 'string') return conceal(field, value, 'text')
  if (value instanceof Map) return `object with ${value.size} keys`
  if (typeof value === 'object' && value !== null && 'group' in value)
    return describeGroup(value.group, field, conceal)
  if (Array.isArray(value)) return `array of ${value.length}`
  if (typeof value === 'object' && value !== null && 'source' in value)
    return conceal(field, String(value.source), 'number')
  return String(value)
}

function describeGroup(group: unknown, field: string, conceal: Conceal): string {
  if (!Array.isArray(group) || group.length !== 1)
    return `${Array.isArray(group) ? group.length : 0} elements`
  const only: unknown = group[0]
  const text: unknown = only instanceof Map ? only.get('#text') : only
  return typeof text === 'string' ? conceal(field, text, 'text') : 'element'
}
