import { type ConnectorConfig, type Finding, listOf } from './connector-config.ts'
import { effectiveValue } from './known-properties.ts'
import { capturedTables, type TableRow } from './preflight-tables.ts'
import type { Target } from './property.ts'

export type Grant = { privileges: ReadonlySet<string>; db: string; tbl: string }
export type Grants = { grants: readonly Grant[]; roles: readonly string[] }

/** Reads the lines of SHOW GRANTS. A role that isn't active shows its name only. */
export function parseGrants(lines: readonly string[]): Grants {
  const grants: Grant[] = []
  const roles: string[] = []
  for (const line of lines) {
    const match = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`|\w+)\.(\*|`(?:[^`]|``)+`|\w+) TO /is.exec(
      line,
    )
    if (match !== null) {
      const privileges = match[1]!
        .replaceAll(/\([^)]*\)/g, '')
        .split(',')
        .map(privilege => privilege.trim().toUpperCase())
      grants.push({ privileges: new Set(privileges), db: unquote(match[2]!), tbl: unquote(match[3]!) })
      continue
    }
    const role = /^GRANT ([^ ]+) TO /i.exec(line)?.[1]
    if (role !== undefined) roles.push(role)
  }
  return { grants, roles }
}

/** What the login lacks. With a role granted, the lack is a warning: the role may hold it. */
export function checkGrants(
  held: Grants,
  config: ConnectorConfig,
  target: Target,
  tables: readonly TableRow[],
): Finding[] {
  const findings: Finding[] = []
  const role = held.roles[0]
  const lack = (privilege: string, on: string, why: string, severity: Finding['severity'] = 'error') =>
    findings.push({
      severity: role === undefined ? severity : 'warning',
      property: 'grants',
      message: `${privilege} on ${on} is missing: ${why}${role === undefined ? '' : ` (unless the role ${role} holds it and is active)`}`,
      suggestion: `GRANT ${privilege} ON ${on} TO …`,
    })
  const holds = (privileges: readonly string[], db = '*', tbl = '*') =>
    held.grants.some(
      grant =>
        privileges.some(name => grant.privileges.has(name) || isAll(grant)) &&
        (grant.db === '*' || (db !== '*' && likeMatches(grant.db, db))) &&
        (grant.tbl === '*' || grant.tbl === tbl),
    )
  if (!holds(['REPLICATION SLAVE'])) lack('REPLICATION SLAVE', '*.*', "the binlog can't be read")
  const monitor = target.connector === 'mariadb' ? 'BINLOG MONITOR' : 'REPLICATION CLIENT'
  if (!holds(['REPLICATION CLIENT', 'BINLOG MONITOR']))
    lack(monitor, '*.*', "the binlog position can't be asked for")
  const captured = capturedTables(config, tables)
  for (const { db, tbl } of captured.filter(({ db, tbl }) => !holds(['SELECT'], db, tbl))) {
    lack('SELECT', `\`${db}\`.\`${tbl}\``, "the snapshot can't read it")
  }
  if (
    effectiveValue(config, 'snapshot.locking.mode', target) !== 'none' &&
    !holds(['RELOAD', 'FLUSH_TABLES'])
  ) {
    const canLock = captured.every(({ db }) => holds(['LOCK TABLES'], db))
    const why = canLock
      ? 'the snapshot locks table by table, for as long as it reads'
      : 'the snapshot can take neither the global read lock nor, without LOCK TABLES, that of its tables'
    lack('RELOAD', '*.*', why, canLock ? 'warning' : 'error')
  }
  findings.push(...signalTable(config, target, holds))
  return findings
}

function signalTable(
  config: ConnectorConfig,
  target: Target,
  holds: (privileges: readonly string[], db: string, tbl: string) => boolean,
): Finding[] {
  const table = listOf(config['signal.data.collection'])[0]
  if (table === undefined || config['read.only']?.trim() === 'true') return []
  const [db = '', tbl = ''] = table.split('.')
  const deletes =
    effectiveValue(config, 'incremental.snapshot.watermarking.strategy', target) === 'INSERT_DELETE'
  return ['INSERT', ...(deletes ? ['DELETE'] : [])]
    .filter(privilege => !holds([privilege], db, tbl))
    .map(privilege => ({
      severity: 'error',
      property: 'grants',
      message: `${privilege} on ${table} is missing: an incremental snapshot writes its watermarks there`,
      suggestion: `GRANT ${privilege} ON \`${db}\`.\`${tbl}\` TO …`,
    }))
}

function isAll(grant: Grant): boolean {
  return grant.privileges.has('ALL PRIVILEGES') || grant.privileges.has('ALL')
}

/** `%` and `_` are wildcards in the database of a grant, unless escaped. */
function likeMatches(pattern: string, db: string): boolean {
  const source = pattern.replaceAll(
    /\\([_%])|([_%])|([.*+?^${}()|[\]\\])/g,
    (_, escaped, wildcard, special) =>
      escaped !== undefined ? escaped : wildcard === '%' ? '.*' : wildcard === '_' ? '.' : `\\${special}`,
  )
  return new RegExp(`^${source}$`).test(db)
}

function unquote(name: string): string {
  return name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name
}
