import { closestName } from '../closest-name.ts'
import type { ConnectorConfig, Finding } from '../connector-config.ts'
import { listOf } from '../connector-config.ts'
import { allProperties, knownProperty, namesOf } from '../known-properties.ts'
import { namePatterns, passThroughPrefixes } from '../properties/property-families.ts'
import { type Renamed, renamedFamilies, renamedProperties } from '../properties/renamed-properties.ts'
import { isAtLeast, type Property, type Target } from '../property.ts'

/** Names that nobody reads: renamed, removed, of another release or connector, or misspelt. */
export function nameRules(config: ConnectorConfig, target: Target): Finding[] {
  const ownPrefixes = declaredPrefixes(config)
  const candidates = namesOf(allProperties, target)
  return Object.keys(config).flatMap(name => {
    const old = renamedName(name, target)
    if (old !== undefined) return [old]
    if (knownProperty(name, target) !== undefined) return []
    if (namePatterns.some(({ pattern }) => pattern.test(name))) return []
    if ([...passThroughPrefixes, ...ownPrefixes].some(prefix => name.startsWith(prefix))) return []
    if (/^(transforms|predicates)\./.test(name)) return [] // transform-rules.ts knows which aliases exist
    const elsewhere = Object.hasOwn(allProperties, name) ? allProperties[name] : undefined
    if (elsewhere !== undefined) return [unavailable(name, elsewhere, target)]
    return [unknown(name, candidates, config)]
  })
}

/** Converters and post-processors choose their own names; their options stand behind them. */
function declaredPrefixes(config: ConnectorConfig): string[] {
  return [...listOf(config.converters), ...listOf(config['post.processors'])].map(alias => `${alias}.`)
}

function renamedName(name: string, target: Target): Finding | undefined {
  const renamed = Object.hasOwn(renamedProperties, name) ? renamedProperties[name] : movedFamily(name)
  if (renamed === undefined) return undefined
  if (renamed.stillRead) {
    if (!isSince(target, renamed.gone)) return undefined
    return {
      severity: 'warning',
      property: name,
      message: `old name, still read by Debezium ${target.debezium}`,
      ...(renamed.now === undefined ? {} : { suggestion: renamed.now }),
    }
  }
  const ended = `Debezium stopped reading it in ${renamed.gone} and ignores it silently`
  if (renamed.now === undefined) return { severity: 'error', property: name, message: ended }
  return {
    severity: 'error',
    property: name,
    message: `${ended}; its name is now ${renamed.now}`,
    suggestion: renamed.now,
  }
}

function isSince(target: Target, gone: Renamed['gone']): boolean {
  return gone === '1.x' || gone === '2.0' || gone === '2.2' || isAtLeast(target.debezium, gone)
}

function movedFamily(name: string): Renamed | undefined {
  const family = Object.entries(renamedFamilies).find(([prefix]) => name.startsWith(prefix))
  return family && { now: `${family[1]}${name.slice(family[0].length)}`, gone: '2.0' }
}

function unavailable(name: string, property: Property, target: Target): Finding {
  const { since, until, connector } = property
  const why =
    connector !== undefined && connector !== target.connector
      ? `only the ${connector === 'mysql' ? 'MySQL' : 'MariaDB'} connector reads it`
      : since !== undefined && !isAtLeast(target.debezium, since)
        ? `exists since Debezium ${since}`
        : `gone after Debezium ${until}`
  return {
    severity: 'error',
    property: name,
    message: `${why}; Debezium ${target.debezium} for ${target.connector} ignores it silently`,
  }
}

function unknown(name: string, candidates: readonly string[], config: ConnectorConfig): Finding {
  if (name !== name.trim()) {
    return {
      severity: 'error',
      property: name,
      message: 'the name has white space around it, so nothing reads it',
      suggestion: name.trim(),
    }
  }
  const driver = /^database\.(?:jdbc\.)?([a-z]+[A-Z]\w*)$/.exec(name)?.[1]
  if (driver !== undefined) {
    return {
      severity: 'error',
      property: name,
      message: 'options of the JDBC driver are read behind `driver.`',
      suggestion: `driver.${driver}`,
    }
  }
  const meant = closestName(name, [...candidates, ...passThroughNames(name)])
  if (meant !== undefined) {
    const already = meant in config ? ', which is set as well' : ''
    return {
      severity: 'error',
      property: name,
      message: `no such property; it is probably ${meant}${already}`,
      suggestion: meant,
    }
  }
  if (name.startsWith('internal.')) {
    return { severity: 'warning', property: name, message: 'internal: may change with any release' }
  }
  return {
    severity: 'warning',
    property: name,
    message: 'no property of this connector or of Kafka Connect: it is ignored silently',
  }
}

/** A slip in the fixed beginning of a pass-through name: the same rest behind each right beginning. */
function passThroughNames(name: string): string[] {
  return passThroughPrefixes.flatMap(prefix => {
    const depth = prefix.split('.').length - 1
    const rest = name.split('.').slice(depth).join('.')
    return rest === '' ? [] : [prefix + rest]
  })
}
