import { closestName } from '../closest-name.ts'
import { type ConnectorConfig, type Finding, listOf, patternsOf } from '../connector-config.ts'
import { namesOf } from '../known-properties.ts'
import { eventRouterClass, transformProperties } from '../properties/transform-properties.ts'
import type { Target } from '../property.ts'
import { checkOptions, toJavaScript } from './value-rules.ts'

const topicNameMatches = 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches'

/** Transforms and predicates: aliases that are declared, complete and referred to; the outbox router behind its predicate. */
export function transformRules(config: ConnectorConfig, target: Target): Finding[] {
  return [
    ...aliases(config, 'transforms'),
    ...aliases(config, 'predicates'),
    ...typedNames(config, 'converters'),
    ...typedNames(config, 'post.processors'),
    ...listOf(config.transforms).flatMap(alias => oneTransform(config, alias, target)),
  ]
}

function aliases(config: ConnectorConfig, family: 'transforms' | 'predicates'): Finding[] {
  const declared = listOf(config[family])
  const used = new Set(
    Object.keys(config)
      .filter(name => name.startsWith(`${family}.`))
      .map(name => name.split('.')[1]!),
  )
  return [
    ...declared
      .filter(alias => !config[`${family}.${alias}.type`]?.trim())
      .map(alias => error(`${family}.${alias}.type`, `required: ${family} names ${alias}`)),
    ...[...used]
      .filter(alias => !declared.includes(alias))
      .map(alias => {
        const meant = closestName(alias, declared)
        const message = `not read, because ${family} does not name ${alias}`
        return error(`${family}.${alias}`, message, meant ?? `${family}=${[...declared, alias].join(',')}`)
      }),
  ]
}

function typedNames(config: ConnectorConfig, family: string): Finding[] {
  return listOf(config[family])
    .filter(alias => !config[`${alias}.type`]?.trim())
    .map(alias => error(`${alias}.type`, `required: ${family} names ${alias}`))
}

function oneTransform(config: ConnectorConfig, alias: string, target: Target): Finding[] {
  const prefix = `transforms.${alias}.`
  const options = new Map(
    Object.entries(config)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value] as const),
  )
  const type = options.get('type')?.trim() ?? ''
  const predicate = options.get('predicate')?.trim()
  const findings: Finding[] = []
  if (predicate !== undefined && !listOf(config.predicates).includes(predicate)) {
    const meant = closestName(predicate, listOf(config.predicates))
    findings.push(error(`${prefix}predicate`, `predicates does not name ${predicate}`, meant))
  }
  if (options.has('negate') && predicate === undefined) {
    findings.push(error(`${prefix}negate`, 'negates a predicate, and there is none'))
  }
  const table = Object.hasOwn(transformProperties, type) ? transformProperties[type] : undefined
  if (table !== undefined) {
    const known = namesOf(table, target)
    for (const name of options.keys()) {
      if (['type', 'predicate', 'negate'].includes(name) || known.includes(name)) continue
      const meant = closestName(name, known)
      const message = Object.hasOwn(table, name)
        ? `not an option in Debezium ${target.debezium}`
        : `no option of ${type.split('.').at(-1)}`
      findings.push(error(prefix + name, message, meant === undefined ? undefined : prefix + meant))
    }
    findings.push(...checkOptions(options, prefix, table, target))
  }
  if (type === eventRouterClass) findings.push(...outboxGuard(config, alias, predicate))
  return findings
}

/** Records of other topics reach a router without predicate; a row without the outbox columns then stops the task. */
function outboxGuard(config: ConnectorConfig, alias: string, predicate: string | undefined): Finding[] {
  const property = `transforms.${alias}.predicate`
  const tables = patternsOf(config['table.include.list']).map(pattern => pattern.replaceAll('\\.', '.'))
  if (predicate === undefined) {
    const alone = tables.length === 1 && /^[\w$.-]+$/.test(tables[0]!) && !config['signal.data.collection']
    return [
      {
        severity: alone ? 'warning' : 'error',
        property,
        message: alone
          ? 'absent: harmless only as long as the outbox is the one captured table'
          : 'absent: the router sees the rows of every table, and the first one that is no outbox row stops the task',
        suggestion: `a predicate of type ${topicNameMatches}`,
      },
    ]
  }
  if (config[`predicates.${predicate}.type`]?.trim() !== topicNameMatches) return []
  const pattern = config[`predicates.${predicate}.pattern`]?.trim()
  if (!pattern) return [error(`predicates.${predicate}.pattern`, 'required: the topic of the outbox table')]
  const literal = tables.filter(table => /^[\w$.-]+$/.test(table))
  if (literal.length === 0 || literal.length < tables.length) return []
  const topics = literal.map(table => `${config['topic.prefix'] ?? ''}.${table}`)
  if (topics.some(topic => isMatch(pattern, topic))) return []
  return [
    error(
      `predicates.${predicate}.pattern`,
      `${pattern} matches the topic of no captured table, so the router never runs`,
      closestName(pattern.replaceAll('\\', ''), topics)?.replaceAll('.', '\\.'),
    ),
  ]
}

function isMatch(pattern: string, topic: string): boolean {
  try {
    return new RegExp(`^(?:${toJavaScript(pattern)})$`).test(topic)
  } catch {
    return true
  }
}

function error(property: string, message: string, suggestion?: string): Finding {
  return { severity: 'error', property, message, ...(suggestion === undefined ? {} : { suggestion }) }
}
