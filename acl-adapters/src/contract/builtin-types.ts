import { qualifiedName, schemaNamespace } from '../xml/qualified-name.ts'
import type { SimpleType, WhiteSpace } from './contract.ts'

/**
 * How values of a built-in type look in JSON: `integer` a number, `digits` (xs:long and the unbounded
 * integers) and `decimal` text, because a double would round them, `lexical` the text as it stands.
 */
export type JsonForm =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'digits'
  | 'decimal'
  | 'float'
  | 'lexical'
  | 'base64'
  | 'hex'
  | 'qname'

export type Builtin = {
  readonly name: string
  readonly form: JsonForm
  readonly lexical?: RegExp
  readonly min?: bigint
  readonly max?: bigint
}

const year = '-?(?:[1-9][0-9]{3,}|0[0-9]{3})'
const month = '(?:0[1-9]|1[0-2])'
const day = '(?:0[1-9]|[12][0-9]|3[01])'
const time = '(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?|24:00:00(?:\\.0+)?)'
const zone = '(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?'
const duration =
  '-?P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\\.[0-9]+)?S)?)?'

const entire = (source: string) => new RegExp(`^${source}$`, 'u')
const lexical = (name: string, source: string): Builtin => ({
  name,
  form: 'lexical',
  lexical: entire(source),
})
const integer = (name: string, min: bigint, max: bigint): Builtin => ({ name, form: 'integer', min, max })
const digits = (name: string, min?: bigint, max?: bigint): Builtin => ({
  name,
  form: 'digits',
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
})

const name = '[\\p{L}_:][\\p{L}\\p{N}\\p{M}._:·-]*'
const ncName = '[\\p{L}_][\\p{L}\\p{N}\\p{M}._·-]*'

const atomic: readonly (readonly [Builtin, WhiteSpace])[] = [
  [{ name: 'string', form: 'string' }, 'preserve'],
  [{ name: 'normalizedString', form: 'string' }, 'replace'],
  [{ name: 'anySimpleType', form: 'string' }, 'preserve'],
  [{ name: 'token', form: 'string' }, 'collapse'],
  [{ name: 'anyURI', form: 'string' }, 'collapse'],
  [lexical('language', '[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*'), 'collapse'],
  [lexical('Name', name), 'collapse'],
  [lexical('NCName', ncName), 'collapse'],
  [lexical('ID', ncName), 'collapse'],
  [lexical('IDREF', ncName), 'collapse'],
  [lexical('ENTITY', ncName), 'collapse'],
  [lexical('NMTOKEN', '[\\p{L}\\p{N}\\p{M}._:·-]+'), 'collapse'],
  [{ name: 'boolean', form: 'boolean' }, 'collapse'],
  [{ name: 'decimal', form: 'decimal' }, 'collapse'],
  [digits('integer'), 'collapse'],
  [digits('nonNegativeInteger', 0n), 'collapse'],
  [digits('positiveInteger', 1n), 'collapse'],
  [digits('nonPositiveInteger', undefined, 0n), 'collapse'],
  [digits('negativeInteger', undefined, -1n), 'collapse'],
  [digits('long', -(2n ** 63n), 2n ** 63n - 1n), 'collapse'],
  [digits('unsignedLong', 0n, 2n ** 64n - 1n), 'collapse'],
  [integer('int', -(2n ** 31n), 2n ** 31n - 1n), 'collapse'],
  [integer('short', -32_768n, 32_767n), 'collapse'],
  [integer('byte', -128n, 127n), 'collapse'],
  [integer('unsignedInt', 0n, 2n ** 32n - 1n), 'collapse'],
  [integer('unsignedShort', 0n, 65_535n), 'collapse'],
  [integer('unsignedByte', 0n, 255n), 'collapse'],
  [{ name: 'float', form: 'float' }, 'collapse'],
  [{ name: 'double', form: 'float' }, 'collapse'],
  [lexical('dateTime', `${year}-${month}-${day}T${time}${zone}`), 'collapse'],
  [lexical('date', `${year}-${month}-${day}${zone}`), 'collapse'],
  [lexical('time', `${time}${zone}`), 'collapse'],
  [lexical('duration', duration), 'collapse'],
  [lexical('gYear', `${year}${zone}`), 'collapse'],
  [lexical('gYearMonth', `${year}-${month}${zone}`), 'collapse'],
  [lexical('gMonth', `--${month}${zone}`), 'collapse'],
  [lexical('gMonthDay', `--${month}-${day}${zone}`), 'collapse'],
  [lexical('gDay', `---${day}${zone}`), 'collapse'],
  [{ name: 'base64Binary', form: 'base64' }, 'collapse'],
  [{ name: 'hexBinary', form: 'hex' }, 'collapse'],
  [{ name: 'QName', form: 'qname' }, 'collapse'],
  [{ name: 'NOTATION', form: 'qname' }, 'collapse'],
]

const lists = { NMTOKENS: 'NMTOKEN', IDREFS: 'IDREF', ENTITIES: 'ENTITY' } as const

/** The simple types of XML Schema 1.0, by local name. */
export const builtinTypes: ReadonlyMap<string, SimpleType> = createBuiltinTypes()

function createBuiltinTypes(): ReadonlyMap<string, SimpleType> {
  const types = new Map<string, SimpleType>()
  for (const [builtin, whiteSpace] of atomic)
    types.set(builtin.name, {
      kind: 'simple',
      name: qualifiedName(schemaNamespace, builtin.name),
      variety: 'atomic',
      builtin,
      whiteSpace,
      facets: {},
    })
  for (const [list, item] of Object.entries(lists)) {
    const itemType = types.get(item)!
    types.set(list, {
      kind: 'simple',
      name: qualifiedName(schemaNamespace, list),
      variety: 'list',
      builtin: itemType.builtin,
      whiteSpace: 'collapse',
      facets: { minLength: 1 },
      item: itemType,
    })
  }
  return types
}
