import { type ConnectorConfig, type Finding, patternsOf } from '../connector-config.ts'
import type { Target } from '../property.ts'
import { toJavaScript } from './value-rules.ts'

const exclusivePairs = [
  ['database.include.list', 'database.exclude.list'],
  ['table.include.list', 'table.exclude.list'],
  ['column.include.list', 'column.exclude.list'],
  ['gtid.source.includes', 'gtid.source.excludes'],
] as const

/** What is captured: pairs that exclude each other, patterns that match nothing or too much, the loop guard. */
export function captureRules(config: ConnectorConfig, target: Target): Finding[] {
  return [
    ...exclusive(config),
    ...shapes(config),
    ...unreachableTables(config),
    ...unreachableSnapshot(config),
    ...originFilters(config, target),
    ...keyColumns(config),
    ...withoutEffect(config),
  ]
}

function exclusive(config: ConnectorConfig): Finding[] {
  return exclusivePairs
    .filter(([first, second]) => config[first]?.trim() && config[second]?.trim())
    .map(([first, second]) => ({
      severity: 'error',
      property: second,
      message: `${first} is set as well; only one of the two may be`,
    }))
}

function shapes(config: ConnectorConfig): Finding[] {
  const findings: Finding[] = []
  for (const [name, parts, shape] of [
    ['table.include.list', 2, 'database.table'],
    ['table.exclude.list', 2, 'database.table'],
    ['snapshot.include.collection.list', 2, 'database.table'],
    ['column.include.list', 3, 'database.table.column'],
    ['column.exclude.list', 3, 'database.table.column'],
  ] as const) {
    for (const pattern of patternsOf(config[name])) findings.push(...shapeOf(name, pattern, parts, shape))
  }
  for (const name of ['database.include.list', 'database.exclude.list'] as const) {
    for (const pattern of patternsOf(config[name])) {
      if (/^\w+\.\w+$/.test(pattern)) {
        findings.push({
          severity: 'error',
          property: name,
          message: `${pattern} looks like database.table; this list takes databases`,
          suggestion: pattern.split('.')[0]!,
        })
      }
    }
  }
  return findings
}

function shapeOf(name: string, pattern: string, parts: number, shape: string): Finding[] {
  if (/[`"']/.test(pattern)) {
    return [
      {
        severity: 'error',
        property: name,
        message: `${pattern}: names are written without quotes here`,
        suggestion: pattern.replaceAll(/[`"']/g, ''),
      },
    ]
  }
  // A wildcard may stand for dots, so only patterns without one can be counted.
  if (/^[\w$-]+(\\?\.[\w$-]+)*$/.test(pattern) && pattern.split('.').length < parts) {
    return [
      {
        severity: 'error',
        property: name,
        message: `${pattern} matches nothing: the pattern must match the whole of ${shape}`,
      },
    ]
  }
  const loose = /^([\w$-]+)\.\*$/.exec(pattern)?.[1]
  if (loose !== undefined) {
    return [
      {
        severity: 'warning',
        property: name,
        message: `${pattern} also matches every database whose name only begins with ${loose}`,
        suggestion: `${loose}\\..*`,
      },
    ]
  }
  return []
}

function unreachableTables(config: ConnectorConfig): Finding[] {
  const databases = patternsOf(config['database.include.list'])
  if (databases.length === 0) return []
  return patternsOf(config['table.include.list'])
    .map(pattern => ({ pattern, database: /^([\w$-]+)\\?\./.exec(pattern)?.[1] }))
    .filter(({ database }) => database !== undefined && !matchesAny(databases, database))
    .map(({ pattern, database }) => ({
      severity: 'error',
      property: 'table.include.list',
      message: `${pattern} is never captured: database.include.list leaves ${database} out`,
    }))
}

function unreachableSnapshot(config: ConnectorConfig): Finding[] {
  const tables = patternsOf(config['table.include.list'])
  if (tables.length === 0) return []
  return patternsOf(config['snapshot.include.collection.list'])
    .map(pattern => pattern.replaceAll('\\.', '.'))
    .filter(name => /^[\w$-]+\.[\w$-]+$/.test(name) && !matchesAny(tables, name))
    .map(name => ({
      severity: 'error',
      property: 'snapshot.include.collection.list',
      message: `${name} is not captured by table.include.list, so its snapshot would never be continued`,
    }))
}

/** Whether one of the patterns matches the whole name, without regard to case, as Debezium compares. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some(pattern => {
    try {
      return new RegExp(`^(?:${toJavaScript(pattern)})$`, 'i').test(name)
    } catch {
      return true // reported by value-rules.ts as no expression at all
    }
  })
}

/**
 * MariaDB's filter is matched against the whole of `domain-server`, so `42` or `42-0` lets everything of domain 42
 * through and a change written by an applier comes back as a new one. MySQL's is matched against a server's UUID.
 */
function originFilters(config: ConnectorConfig, { connector }: Target): Finding[] {
  const findings: Finding[] = []
  for (const name of ['gtid.source.includes', 'gtid.source.excludes'] as const) {
    for (const pattern of patternsOf(config[name])) {
      const suggestion = connector === 'mariadb' ? mariadbOrigin(pattern) : mysqlOrigin(pattern)
      if (suggestion === undefined) continue
      findings.push({
        severity: 'error',
        property: name,
        message:
          connector === 'mariadb'
            ? `${pattern} matches no origin: it must match the whole of domain-server, such as 42-4242`
            : `${pattern} matches no origin: it must match the UUID of a server`,
        ...(suggestion === '' ? {} : { suggestion }),
      })
    }
  }
  return findings
}

/** What to write instead, empty when unknown; undefined when the pattern can match. */
function mariadbOrigin(pattern: string): string | undefined {
  const plain = pattern.replace(/^\^/, '').replace(/\$$/, '')
  const domain = /^(\d+)(-0(-.*)?)?$/.exec(plain)?.[1]
  if (domain !== undefined) return `${domain}-.*`
  const triple = /^(\d+-\d+)-.+$/.exec(plain)?.[1]
  if (triple !== undefined) return triple
  return /^[0-9a-f]{8}-/i.test(plain) && plain.length >= 36 ? '' : undefined
}

function mysqlOrigin(pattern: string): string | undefined {
  return /^\^?\d{1,10}(-(\d+|\.\*))*\$?$/.test(pattern) ? '' : undefined
}

function keyColumns(config: ConnectorConfig): Finding[] {
  const value = config['message.key.columns']?.trim()
  if (!value) return []
  return value
    .split(';')
    .map(entry => entry.trim())
    .filter(entry => entry !== '' && !/^[^:]+:[^:,]+(,[^:,]+)*$/.test(entry))
    .map(entry => ({
      severity: 'error',
      property: 'message.key.columns',
      message: `${JSON.stringify(entry)} is not written database.table:column,column`,
    }))
}

function withoutEffect(config: ConnectorConfig): Finding[] {
  const limited = ['column.include.list', 'column.exclude.list'].some(name => config[name]?.trim())
  if (config['skip.messages.without.change']?.trim() !== 'true' || limited) return []
  return [
    {
      severity: 'warning',
      property: 'skip.messages.without.change',
      message: 'has no effect while neither column.include.list nor column.exclude.list is set',
    },
  ]
}
