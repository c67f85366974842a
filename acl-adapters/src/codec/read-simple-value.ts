import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SimpleType, WhiteSpace } from '../contract/contract.ts'
import { qualifiedName } from '../xml/qualified-name.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import { checkFacets, floatOf } from './check-facets.ts'
import type { Json } from './json.ts'

const decimalForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/
const integerForm = /^[+-]?\d+$/
const floatForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const hexForm = /^(?:[0-9a-fA-F]{2})*$/
const nameForm = /^[\p{L}_][\p{L}\p{N}\p{M}._·-]*$/u
const maxDigits = 1_000

/**
 * The JSON of an element's or attribute's text.
 * @throws ToolkitError VALUE_INVALID
 */
export function readSimpleValue(type: SimpleType, text: string, resolve: ResolvePrefix): Json {
  if (type.variety === 'union') return readUnion(type, text, resolve)
  const value = applyWhiteSpace(text, type.whiteSpace)
  if (type.variety === 'list') return readList(type, value, resolve)
  const json = readAtomic(type, value, resolve)
  checkFacets(type, type.builtin.form === 'base64' ? (json as string) : value)
  return json
}

function readAtomic(type: SimpleType, text: string, resolve: ResolvePrefix): Json {
  const { builtin } = type
  switch (builtin.form) {
    case 'string':
      return text
    case 'boolean':
      if (text === 'true' || text === '1') return true
      if (text === 'false' || text === '0') return false
      throw refused('is not a boolean')
    case 'integer':
      return Number(integerText(type, text))
    case 'digits':
      return integerText(type, text)
    case 'decimal':
      return decimalText(text)
    case 'float':
      return readFloat(text)
    case 'lexical':
      return lexicalText(type, text)
    case 'base64':
      return base64Text(text)
    case 'hex':
      return hexText(text)
    case 'qname':
      return readName(text, resolve)
    default:
      return builtin.form satisfies never
  }
}

export function applyWhiteSpace(text: string, whiteSpace: WhiteSpace): string {
  if (whiteSpace === 'preserve' || !/[\t\n\r]|^ | $| {2}/.test(text)) return text
  const replaced = text.replace(/[\t\n\r]/g, ' ')
  return whiteSpace === 'replace' ? replaced : replaced.replace(/ {2,}/g, ' ').replace(/^ | $/g, '')
}

/** An integer in its lexical form, within the range of the type. */
export function integerText(type: SimpleType, text: string): string {
  if (!integerForm.test(text) || text.length > maxDigits) throw refused('is not an integer')
  const { min, max, name } = type.builtin
  if (min === undefined && max === undefined) return text
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  if ((min !== undefined && value < min) || (max !== undefined && value > max))
    throw refused(`is out of the range of ${name}`)
  return text
}

export function decimalText(text: string): string {
  if (!decimalForm.test(text) || text.length > maxDigits) throw refused('is not a decimal')
  return text
}

export function lexicalText(type: SimpleType, text: string): string {
  const { lexical, name } = type.builtin
  if (lexical !== undefined && !lexical.test(text)) throw refused(`is not of type ${name}`)
  if ((name === 'date' || name === 'dateTime') && !isDayOfMonth(text))
    throw refused('names a day that does not exist')
  return text
}

export function base64Text(text: string): string {
  const compact = text.replaceAll(' ', '')
  if (!base64Form.test(compact)) throw refused('is not base64')
  return compact
}

export function hexText(text: string): string {
  if (!hexForm.test(text)) throw refused('is not hexadecimal')
  return text
}

export function isName(text: string): boolean {
  return nameForm.test(text)
}

function readFloat(text: string): Json {
  if (text === 'INF' || text === '-INF' || text === 'NaN') return text
  if (!floatForm.test(text)) throw refused('is not a number')
  const value = floatOf(text)
  if (!Number.isFinite(value)) throw refused('is out of the range of a double')
  return value
}

function readName(text: string, resolve: ResolvePrefix): string {
  const colon = text.indexOf(':')
  const prefix = colon < 0 ? '' : text.slice(0, colon)
  const local = text.slice(colon + 1)
  const namespace = resolve(prefix)
  if (!isName(local) || (namespace === undefined && prefix !== '')) throw refused('is not a qualified name')
  return qualifiedName(namespace ?? '', local)
}

function readList(type: SimpleType, text: string, resolve: ResolvePrefix): Json[] {
  const items = text === '' ? [] : text.split(' ')
  checkFacets(type, text, items.length)
  return items.map(item => readSimpleValue(type.item!, item, resolve))
}

function readUnion(type: SimpleType, text: string, resolve: ResolvePrefix): Json {
  checkFacets(type, text)
  for (const member of type.members ?? [])
    try {
      return readSimpleValue(member, text, resolve)
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error
    }
  throw refused('is of none of the types of the union')
}

function isDayOfMonth(text: string): boolean {
  // Four digits of a year are what there nearly always is.
  const digits =
    text[4] === '-' && text[7] === '-' ? 4 : (/^-?(\d{4,})-\d\d-\d\d/.exec(text)?.[1]?.length ?? 0)
  if (digits === 0) return false
  const start = text.startsWith('-') ? digits + 1 : digits
  const day = Number(text.slice(start + 4, start + 6))
  // Every month has 28 days.
  if (day <= 28) return true
  const month = Number(text.slice(start + 1, start + 3))
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
  // 400 years are one cycle of the calendar, so the last four digits tell.
  const year = Number(text.slice(start - 4, start))
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function refused(reason: string): ToolkitError {
  return new ToolkitError('VALUE_INVALID', reason)
}
