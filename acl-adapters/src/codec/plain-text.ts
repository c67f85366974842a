import type { Facets, SimpleType } from '../contract/contract.ts'
import { isXmlText } from '../xml/xml-text.ts'
import type { Json } from './json.ts'
import { lexicalText } from './read-simple-value.ts'

/** The text of a value that is in plain form; undefined for one that has to be looked at. */
export type PlainText = (value: Json) => string | undefined

export const plainInteger = /^-?[0-9]{1,15}$/
export const plainDecimal = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/

/** What a type's values nearly always look like; undefined where each of them has to be looked at. */
export function plainTextOf(type: SimpleType): PlainText | undefined {
  if (type.variety !== 'atomic') return undefined
  const { form } = type.builtin
  if (form === 'string' && hasOnly(type.facets, 'enumeration')) return enumerated(type.facets)
  if (!hasOnly(type.facets)) return undefined
  if (form === 'string') return value => (typeof value === 'string' && isXmlText(value) ? value : undefined)
  if (form === 'boolean') return value => (typeof value === 'boolean' ? String(value) : undefined)
  if (form === 'decimal')
    return value => (typeof value === 'string' && plainDecimal.test(value) ? value : undefined)
  if (form === 'integer' || form === 'digits') return whole(type, form === 'digits')
  return form === 'lexical' ? lexical(type) : undefined
}

/** Whether texts of the type never have a character that has to be escaped. */
export function isInert({ variety, builtin }: SimpleType): boolean {
  return variety === 'atomic' && builtin.form !== 'string' && builtin.form !== 'lexical'
}

export function hasOnly(facets: Facets, allowed?: keyof Facets): boolean {
  return Object.keys(facets).every(name => name === allowed || facets[name as keyof Facets] === undefined)
}

function enumerated({ enumeration }: Facets): PlainText | undefined {
  if (enumeration === undefined)
    return value => (typeof value === 'string' && isXmlText(value) ? value : undefined)
  const values = new Set(enumeration)
  return value => (typeof value === 'string' && values.has(value) ? value : undefined)
}

/** Up to 15 digits a double is exact. */
function whole(type: SimpleType, alsoText: boolean): PlainText {
  const isWithin = withinRange(type)
  return value => {
    if (typeof value === 'number')
      return Number.isSafeInteger(value) && isWithin(value) ? String(value) : undefined
    const isText = alsoText && typeof value === 'string' && plainInteger.test(value)
    return isText && isWithin(Number(value)) ? value : undefined
  }
}

/** For numbers that a double holds exactly. */
export function withinRange({ builtin: { min, max } }: SimpleType): (value: number) => boolean {
  const least = min === undefined ? Number.NEGATIVE_INFINITY : Number(min)
  const most = max === undefined ? Number.POSITIVE_INFINITY : Number(max)
  return value => value >= least && value <= most
}

function lexical(type: SimpleType): PlainText {
  return value => {
    if (typeof value !== 'string') return undefined
    try {
      return lexicalText(type, value)
    } catch {
      return undefined
    }
  }
}
