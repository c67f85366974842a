import { type ArrayRule, pairItems } from './pair-items.ts'
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

/** How two documents are held against each other. */
export type Reading = {
  /** How values are shown. */
  conceal: Conceal
  /** Texts of one form are equal; the text itself unless given. */
  form?: ((text: string) => string) | undefined
  /** The rule for the list whose items have this path; by position where there is none. */
  arrayAt?: ((itemPath: string) => ArrayRule | undefined) | undefined
  /** What does not count when items are recognised. */
  ignores?: ((path: string) => boolean) | undefined
}

/** Every difference between two documents, up to a hundred. */
export function differences(
  legacy: CanonicalValue,
  extracted: CanonicalValue,
  { conceal, form = text => text, arrayAt = () => undefined, ignores = () => false }: Reading,
): Difference[] {
  const found: Difference[] = []
  walk({ found, conceal, form, arrayAt, ignores }, '', legacy, extracted)
  return found
}

type Walk = { found: Difference[] } & { [K in keyof Reading]-?: Exclude<Reading[K], undefined> }

function walk(to: Walk, path: string, left: CanonicalValue | undefined, right: CanonicalValue | undefined) {
  if (left === right) return
  if (left instanceof Map && right instanceof Map) walkMaps(to, path, left, right)
  else if (Array.isArray(left) && Array.isArray(right)) walkItems(to, path, `${path}[]`, left, right)
  else if (isGroup(left) && isGroup(right)) walkItems(to, path, path, left.group, right.group)
  else if (!equalScalars(to.form, left, right)) differ(to, path, left, right)
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
  const rule = to.arrayAt(itemPath)
  if (rule !== undefined && rule.as !== 'position') {
    const nameOf = (item: CanonicalValue) =>
      rule.as === 'set' ? fingerprint(to, itemPath, item) : keyOf(to, item, rule.key ?? '')
    for (const [one, other] of pairItems(left, right, nameOf, rule.as === 'set'))
      walk(to, itemPath, one, other)
  } else if (left.length !== right.length) differ(to, join(path, 'length'), left.length, right.length)
  else for (const [index, value] of left.entries()) walk(to, itemPath, value, right[index])
}

/** One text for all values that are equal, without what is ignored. */
function fingerprint(to: Walk, path: string, value: CanonicalValue): string {
  if (to.ignores(path)) return ''
  if (typeof value === 'string') return JSON.stringify(to.form(value))
  if (value instanceof Map) {
    const keys = [...value].map(([key, item]) => `${key}=${fingerprint(to, join(path, key), item)}`)
    return `{${keys.sort().join()}}`
  }
  const items = Array.isArray(value) ? value : isGroup(value) ? value.group : undefined
  if (items === undefined) return isNumber(value) ? value.number : String(value)
  const itemPath = Array.isArray(value) ? `${path}[]` : path
  const parts = items.map(item => fingerprint(to, itemPath, item))
  return `[${(to.arrayAt(itemPath)?.as ?? 'position') === 'position' ? parts.join() : parts.sort().join()}]`
}

/** The scalar at a path within an item, such as `id` or `customer.id`; undefined where there is none. */
function keyOf(to: Walk, item: CanonicalValue, key: string): string | undefined {
  let value: CanonicalValue | undefined = item
  for (const name of key.split('.')) value = only(value instanceof Map ? value.get(name) : undefined)
  const scalar = value instanceof Map ? value.get('#text') : value
  if (scalar === undefined || Array.isArray(scalar) || scalar instanceof Map) return undefined
  return fingerprint(to, '', scalar)
}

function only(value: CanonicalValue | undefined): CanonicalValue | undefined {
  return isGroup(value) && value.group.length === 1 ? value.group[0] : value
}

function equalScalars(
  form: Walk['form'],
  left: CanonicalValue | undefined,
  right: CanonicalValue | undefined,
): boolean {
  if (typeof left === 'string' && typeof right === 'string') return form(left) === form(right)
  return isNumber(left) && isNumber(right) && left.number === right.number
}

function differ({ found, conceal }: Walk, path: string, left: unknown, right: unknown): void {
  if (found.length >= maxDifferences) return
  const field = fieldOf(path)
  found.push({ path, legacy: show(left, field, conceal), extracted: show(right, field, conceal) })
}

/** `items[].creditLimit` and `customer.creditLimit.#text` end in the field creditLimit. */
export function fieldOf(path: string): string {
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
  return shortened(describe(value, field, conceal))
}

/** As much of a value as a difference keeps. */
export function shortened(text: string): string {
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
