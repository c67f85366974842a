import { closestName } from '../closest-name.ts'
import { type ConnectorConfig, type Finding, oneOf, patternsOf } from '../connector-config.ts'
import { allProperties, knownProperty } from '../known-properties.ts'
import { isPlaceholder, isSecretName } from '../mask-secrets.ts'
import {
  type Choice,
  choicesOf,
  isAtLeast,
  isAvailable,
  type Property,
  type PropertyTable,
  type Target,
} from '../property.ts'

/** Values of the wrong type, outside their range or not among the choices; required properties that are absent. */
export function valueRules(config: ConnectorConfig, target: Target): Finding[] {
  const missing = Object.entries(allProperties)
    .filter(([name, property]) => property.required && isAvailable(property, target) && isBlank(config[name]))
    .map(
      ([name]): Finding => ({
        severity: 'error',
        property: name,
        message: 'required, and absent or empty',
      }),
    )
  const wrong = Object.entries(config).flatMap(([name, value]) => {
    const property = knownProperty(name, target)
    return property === undefined || isBlank(value) ? [] : checkValue(name, value, property, target)
  })
  return [...missing, ...wrong, ...columnRules(config)]
}

/** The same checks for the options behind `transforms.<alias>.`. */
export function checkOptions(
  options: ReadonlyMap<string, string>,
  prefix: string,
  table: PropertyTable,
  target: Target,
): Finding[] {
  return [...options].flatMap(([name, value]) => {
    const property = Object.hasOwn(table, name) ? table[name] : undefined
    return property === undefined || isBlank(value) ? [] : checkValue(prefix + name, value, property, target)
  })
}

function isBlank(value: string | undefined): boolean {
  return value === undefined || value.trim() === ''
}

function checkValue(name: string, raw: string, property: Property, target: Target): Finding[] {
  const value = raw.trim()
  if (isPlaceholder(value)) return []
  const shown = isSecretName(name) ? '' : ` ${JSON.stringify(value)}`
  switch (property.type) {
    case 'int':
    case 'long':
      return checkNumber(name, value, property)
    case 'boolean':
      // Java's own conversion takes anything else as false.
      return /^(true|false)$/i.test(value) ? [] : [error(name, `the value${shown} is neither true nor false`)]
    case 'enum':
      return checkChoice(name, value, property, target)
    case 'regexes':
      return patternsOf(value).flatMap(pattern => checkPattern(name, pattern))
    case 'class':
      return /^([A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*$/.test(value)
        ? []
        : [error(name, `the value${shown} is not the name of a class`)]
    case 'string':
    case 'list':
    case 'password':
      return []
    default:
      return property.type satisfies never
  }
}

function checkNumber(name: string, value: string, { type, min, max }: Property): Finding[] {
  if (!/^[+-]?\d+$/.test(value))
    return [error(name, `the value ${JSON.stringify(value)} is not a whole number`)]
  const number = BigInt(value)
  const largest = max === undefined ? (type === 'int' ? 2n ** 31n - 1n : 2n ** 63n - 1n) : BigInt(max)
  if (number > largest) {
    const why = name === 'database.server.id' ? ', the largest server id a replica can have (2^32 − 1)' : ''
    if (name === 'tasks.max') {
      return [
        error(name, `${value} tasks: a binlog is read by one task, and the connector refuses to start`, '1'),
      ]
    }
    return [error(name, `${value} is more than ${largest}${why}`)]
  }
  if (min !== undefined && number < BigInt(min)) return [error(name, `${value} is less than ${min}`)]
  return []
}

function checkChoice(name: string, value: string, property: Property, target: Target): Finding[] {
  const choices = choicesOf(property, target) ?? []
  if (choices.some(choice => choice.toLowerCase() === value.toLowerCase())) return []
  const message = `${JSON.stringify(value)} is not one of ${oneOf(choices)}`
  const elsewhere = property.values?.find(choice => nameOf(choice) === value)
  if (typeof elsewhere === 'object')
    return [error(name, `${message}${because(elsewhere, target)}`, successor(value))]
  return [error(name, message, successor(value) ?? closestName(value, choices))]
}

function nameOf(choice: Choice): string {
  return typeof choice === 'string' ? choice : choice.value
}

function because(choice: Exclude<Choice, string>, { debezium, connector }: Target): string {
  if (choice.connector !== undefined && choice.connector !== connector) return ` for ${connector}`
  if (choice.since !== undefined && !isAtLeast(debezium, choice.since))
    return `; it exists since ${choice.since}`
  return choice.until === undefined ? '' : `; it is gone after ${choice.until}`
}

/** Values that were renamed. */
function successor(value: string): string | undefined {
  const renamed: Readonly<Record<string, string>> = {
    schema_only: 'no_data',
    schema_only_recovery: 'recovery',
    adaptive: 'adaptive_time_microseconds',
  }
  return Object.hasOwn(renamed, value) ? renamed[value] : undefined
}

function checkPattern(name: string, pattern: string): Finding[] {
  try {
    new RegExp(toJavaScript(pattern))
    return []
  } catch {
    return [error(name, `${JSON.stringify(pattern)} is not a regular expression`)]
  }
}

/** Java's possessive quantifiers, \Q…\E and leading flags have no equal here; what remains is compared well enough. */
export function toJavaScript(pattern: string): string {
  return pattern
    .replace(/^\(\?[imsux]+\)/, '')
    .replace(/\\Q(.*?)\\E/g, (_, literal: string) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .replace(/([*+?}])\+/g, '$1')
}

/** Masking and truncation carry their parameter in the name, so a type table can't hold it. */
function columnRules(config: ConnectorConfig): Finding[] {
  return Object.keys(config).flatMap(name => {
    const algorithm = /^column\.mask\.hash\.(?:v2\.)?([^.]+)\.with\.salt\./.exec(name)?.[1]
    if (algorithm === undefined || digests.has(algorithm.toUpperCase())) return []
    const meant = closestName(algorithm, digests)
    return [error(name, `${algorithm} is not a digest that Java has`, meant)]
  })
}

const digests = new Set([
  'MD2',
  'MD5',
  'SHA-1',
  'SHA1',
  'SHA-224',
  'SHA-256',
  'SHA-384',
  'SHA-512',
  'SHA3-256',
  'SHA3-512',
])

function error(property: string, message: string, suggestion?: string): Finding {
  return { severity: 'error', property, message, ...(suggestion === undefined ? {} : { suggestion }) }
}
