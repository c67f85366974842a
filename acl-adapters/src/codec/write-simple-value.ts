import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { SimpleType } from '../contract/contract.ts'
import { localOf, namespaceOf } from '../xml/qualified-name.ts'
import { isXmlText } from '../xml/xml-text.ts'
import { checkFacets } from './check-facets.ts'
import type { Json } from './json.ts'
import {
  applyWhiteSpace,
  base64Text,
  decimalText,
  hexText,
  integerText,
  isName,
  lexicalText,
} from './read-simple-value.ts'

/** Gives the prefix a namespace is written with. */
export type PrefixFor = (namespace: string) => string

/**
 * The text of a JSON value, not yet escaped.
 * @throws ToolkitError VALUE_INVALID
 */
export function writeSimpleValue(type: SimpleType, value: Json, prefixFor: PrefixFor): string {
  if (type.variety === 'union') return writeUnion(type, value, prefixFor)
  if (type.variety === 'list') return writeList(type, value, prefixFor)
  const text = writeAtomic(type, value, prefixFor)
  checkFacets(type, type.whiteSpace === 'preserve' ? text : applyWhiteSpace(text, type.whiteSpace))
  return text
}

function writeAtomic(type: SimpleType, value: Json, prefixFor: PrefixFor): string {
  switch (type.builtin.form) {
    case 'string':
      return stringOf(value)
    case 'boolean':
      if (typeof value !== 'boolean') throw refused('must be true or false')
      return String(value)
    case 'integer':
      if (typeof value !== 'number') throw refused('must be an integer number')
      return integerText(type, wholeNumber(value))
    case 'digits':
      return integerText(type, typeof value === 'number' ? wholeNumber(value) : stringOf(value))
    case 'decimal':
      return decimalText(typeof value === 'number' ? shortNumber(value) : stringOf(value))
    case 'float':
      return writeFloat(value)
    case 'lexical':
      return lexicalText(type, stringOf(value))
    case 'base64':
      return base64Text(stringOf(value))
    case 'hex':
      return hexText(stringOf(value))
    case 'qname':
      return writeName(stringOf(value), prefixFor)
    default:
      return type.builtin.form satisfies never
  }
}

function stringOf(value: Json): string {
  if (typeof value !== 'string') throw refused('must be a string')
  if (!isXmlText(value)) throw refused('contains a character that XML cannot carry')
  return value
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw refused('must be a whole number, or text beyond 2^53')
  return String(value)
}

/** A double of more than 15 digits is not what its sender wrote; neither form may have an exponent. */
function shortNumber(value: number): string {
  const text = String(value)
  if (text.replace(/[-.]/g, '').replace(/^0+/, '').length > 15 || !/^-?\d+(\.\d+)?$/.test(text))
    throw refused('must be text when it has more than 15 digits or an exponent')
  return text
}

function writeFloat(value: Json): string {
  if (value === 'INF' || value === '-INF' || value === 'NaN') return value
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw refused('must be a number, "INF", "-INF" or "NaN"')
  return Object.is(value, -0) ? '-0' : String(value)
}

function writeName(value: string, prefixFor: PrefixFor): string {
  const match = /^\{([^{}]*)\}([^{}]+)$/.exec(value)
  if (match === null || !isName(localOf(value))) throw refused('must be a name of the form {namespace}local')
  const namespace = namespaceOf(value)
  return namespace === '' ? localOf(value) : `${prefixFor(namespace)}:${localOf(value)}`
}

function writeList(type: SimpleType, value: Json, prefixFor: PrefixFor): string {
  if (!Array.isArray(value)) throw refused('must be an array')
  const items = value.map(item => {
    const text = writeSimpleValue(type.item!, item, prefixFor)
    if (text === '' || /[ \t\n\r]/.test(text))
      throw refused('has an item that is empty or contains white space')
    return text
  })
  const text = items.join(' ')
  checkFacets(type, text, items.length)
  return text
}

function writeUnion(type: SimpleType, value: Json, prefixFor: PrefixFor): string {
  for (const member of type.members ?? [])
    try {
      const text = writeSimpleValue(member, value, prefixFor)
      checkFacets(type, text)
      return text
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error
    }
  throw refused('is of none of the types of the union')
}

function refused(reason: string): ToolkitError {
  return new ToolkitError('VALUE_INVALID', reason)
}
