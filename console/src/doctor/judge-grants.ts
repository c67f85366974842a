import { type Finding, findingsOf } from './finding.ts'

/** What the toolkit uses an account for. */
export type AccountRole = 'toolkit' | 'applier'

export type AccountFacts = {
  /** `user@host`, as the server knows it. */
  account: string
  /** The lines of SHOW GRANTS. */
  grants: readonly string[]
  /** The schema of the URL; '' where it names none. */
  schema: string
}

type Grant = { rights: ReadonlySet<string>; schema: string; table: string; passOn: boolean }

const onServer: Record<AccountRole, readonly string[]> = {
  toolkit: ['REPLICATION SLAVE', 'BINLOG MONITOR', 'PROCESS', 'CONNECTION ADMIN'],
  applier: ['BINLOG REPLAY'],
}
const onSchema: Record<AccountRole, readonly string[]> = {
  toolkit: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'TRIGGER', 'LOCK TABLES'],
  applier: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
}
/** By which the toolkit finds out who may DROP what, before a fence takes that away. */
const grantTables = ['db', 'tables_priv'] as const
/** Names that one server prints for what another calls otherwise. */
const synonyms: Record<string, string> = {
  'REPLICATION CLIENT': 'BINLOG MONITOR',
  'REPLICATION REPLICA': 'REPLICATION SLAVE',
}

/** Whether an account has what its role needs, with the GRANT that is missing. */
export function judgeGrants(subject: string, role: AccountRole, facts: AccountFacts): Finding[] {
  const { account, schema } = facts
  const grants = facts.grants.map(parseGrant).filter(grant => grant !== undefined)
  const has = (right: string, schemaName: string, table: string) =>
    grants.some(
      grant =>
        covers(grant, schemaName, table) && (grant.rights.has(right) || grant.rights.has('ALL PRIVILEGES')),
    )
  const missing = (rights: readonly string[], schemaName: string, table: string) =>
    rights.filter(right => !has(right, schemaName, table))
  const judged = [
    judge(subject, 'rights on the server', missing(onServer[role], '*', '*'), '*.*', account),
    ...(schema === ''
      ? []
      : [
          judge(subject, `rights on ${schema}`, missing(onSchema[role], schema, '*'), `${schema}.*`, account),
        ]),
  ]
  if (role === 'applier') return judged
  for (const table of grantTables)
    judged.push(
      judge(subject, `reads mysql.${table}`, missing(['SELECT'], 'mysql', table), `mysql.${table}`, account),
    )
  if (schema !== '') judged.push(judgePassingOn(subject, grants, facts))
  return judged
}

/** A line of SHOW GRANTS, or undefined for what grants no right on something (a role, a proxy). */
export function parseGrant(line: string): Grant | undefined {
  const match = /^GRANT (.+?) ON (`[^`]*`|\*)\.(`[^`]*`|\*) TO /.exec(line)
  if (match === null) return undefined
  const bare = (name: string) => name.replaceAll('`', '')
  const rights = match[1]!.split(/,\s*(?![^(]*\))/).map(right => right.trim().toUpperCase())
  return {
    rights: new Set(rights.map(right => synonyms[right] ?? right)),
    schema: bare(match[2]!),
    table: bare(match[3]!),
    passOn: /WITH .*GRANT OPTION/.test(line),
  }
}

function covers(grant: Grant, schema: string, table: string): boolean {
  if (grant.schema === '*') return true
  return matchesName(grant.schema, schema) && (grant.table === '*' || grant.table === table)
}

/** The name of a schema in a grant is a pattern as in LIKE. */
function matchesName(pattern: string, name: string): boolean {
  const source = pattern.replace(/\\(.)|([%_])|([^\\%_])/g, (_all, escaped, wild, plain) =>
    wild === undefined
      ? (escaped ?? plain).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      : wild === '%'
        ? '.*'
        : '.',
  )
  return new RegExp(`^${source}$`, 's').test(name)
}

function judge(
  subject: string,
  check: string,
  missing: readonly string[],
  on: string,
  account: string,
): Finding {
  const { ok, problem } = findingsOf(subject)
  return missing.length === 0
    ? ok(check, 'granted')
    : problem(
        check,
        `${account} lacks ${missing.join(', ')} on ${on}`,
        `GRANT ${missing.join(', ')} ON ${on} TO ${quoted(account)};`,
      )
}

function judgePassingOn(
  subject: string,
  grants: readonly Grant[],
  { account, schema }: AccountFacts,
): Finding {
  const { ok, problem } = findingsOf(subject)
  const check = `passes rights on ${schema} on`
  return grants.some(grant => grant.passOn && covers(grant, schema, '*'))
    ? ok(check, 'granted')
    : problem(
        check,
        `${account} may not take DROP from others while a fence stands`,
        `GRANT ALL ON ${schema}.* TO ${quoted(account)} WITH GRANT OPTION;`,
      )
}

function quoted(account: string): string {
  const at = account.lastIndexOf('@')
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  return `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`
}
