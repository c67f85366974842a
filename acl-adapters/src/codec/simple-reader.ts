import type { Facets, SimpleType } from '../contract/contract.ts'
import type { ResolvePrefix } from '../xml/xml-reader.ts'
import type { Json } from './json.ts'
import { hasOnly, plainDecimal, plainInteger, withinRange } from './plain-text.ts'
import { readSimpleValue } from './read-simple-value.ts'

/** @throws ToolkitError VALUE_INVALID */
export type SimpleReader = (text: string, resolve: ResolvePrefix) => Json

const readers = new WeakMap<SimpleType, SimpleReader>()

/** readSimpleValue made for one type: what messages nearly always hold is seen at a glance, the rest goes there. */
export function readerOf(type: SimpleType): SimpleReader {
  const known = readers.get(type)
  if (known !== undefined) return known
  const glance = glanceOf(type)
  const reader: SimpleReader =
    glance === undefined
      ? (text, resolve) => readSimpleValue(type, text, resolve)
      : (text, resolve) => glance(text) ?? readSimpleValue(type, text, resolve)
  readers.set(type, reader)
  return reader
}

/** The value of a text that is in plain form; undefined for a text that has to be looked at. */
type Glance = (text: string) => Json | undefined

function glanceOf(type: SimpleType): Glance | undefined {
  if (type.variety !== 'atomic') return undefined
  const { form } = type.builtin
  if (form === 'string' && hasOnly(type.facets, 'enumeration')) return glanceAtEnumeration(type.facets)
  if (!hasOnly(type.facets)) return undefined
  if (form === 'string' && type.whiteSpace === 'preserve') return text => text
  if (form === 'boolean') return text => (text === 'true' ? true : text === 'false' ? false : undefined)
  if (form === 'decimal') return text => (plainDecimal.test(text) ? text : undefined)
  if (form === 'integer' || form === 'digits') return glanceAtInteger(type, form === 'digits')
  return undefined
}

function glanceAtEnumeration({ enumeration }: Facets): Glance {
  const values = new Set(enumeration)
  return text => (values.has(text) ? text : undefined)
}

/** Up to 15 digits a double is exact. */
function glanceAtInteger(type: SimpleType, asText: boolean): Glance {
  const isWithin = withinRange(type)
  return text => {
    if (!plainInteger.test(text)) return undefined
    const value = Number(text)
    if (!isWithin(value)) return undefined
    return asText ? text : value
  }
}
