import { isIP } from 'node:net'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { DatabaseTarget } from './database-target.ts'
import { type Finding, findingsOf } from './finding.ts'
import { judgeGrants } from './judge-grants.ts'
import { judgeServer } from './judge-server.ts'

const connectWithinMs = 5_000
/** Beyond this, ages that are computed from the clocks of two machines mislead. */
const mostSkewMs = 1_000

const variableNames = [
  'log_bin',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'gtid_strict_mode',
  'log_bin_trust_function_creators',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
  'server_id',
  'max_allowed_packet',
]

export type DatabaseExam = {
  target: DatabaseTarget
  /** Seconds for which a rollback must stay possible. */
  soakSeconds: number
  /** Tables to look at as well; they need a primary key and InnoDB. */
  tables: readonly string[]
  now(): number
}

/** Everything about one database and one account that would stand in the way. Reads only; throws nothing. */
export async function examineDatabase(exam: DatabaseExam): Promise<Finding[]> {
  const { name, role, url } = exam.target
  const { problem } = findingsOf(name)
  const address = new URL(url)
  let connection: Connection
  try {
    connection = await createConnection({ uri: url, connectTimeout: connectWithinMs, timezone: 'Z' })
  } catch (error) {
    return [problem('connection', `${address.host}: ${messageOf(error)}`, connectionFix(error, address))]
  }
  connection.on('error', () => {})
  try {
    const account = await readAccount(connection, address)
    const grants = judgeGrants(name, role, account)
    if (role === 'applier') return grants
    const facts = await readServer(connection)
    return [
      ...judgeServer(name, facts, exam.soakSeconds),
      ...grants,
      await judgeClock(connection, exam),
      ...(await judgeTables(connection, name, account.schema, exam.tables)),
    ]
  } catch (error) {
    return [problem('questions', messageOf(error), 'let the account read information_schema and SHOW GRANTS')]
  } finally {
    connection.destroy()
  }
}

function connectionFix(error: unknown, { hostname, port }: URL): string {
  const code = (error as { code?: string }).code
  if (code === 'ER_ACCESS_DENIED_ERROR' || code === 'ER_DBACCESS_DENIED_ERROR')
    return 'correct user and password in the URL, or let the administrator create the account (accounts.sql of strangler init)'
  if (code === 'ER_BAD_DB_ERROR') return 'create the schema, or correct its name in the URL'
  const where = `${hostname}:${port === '' ? 3306 : port}`
  return isIP(hostname) === 0 && code === 'ENOTFOUND'
    ? `correct the host name: ${hostname} is not known`
    : `start the server, and let it listen at ${where} (bind_address, firewall)`
}

async function readAccount(connection: Connection, url: URL) {
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT CURRENT_USER() AS account')
  const [grants] = await connection.query<RowDataPacket[]>('SHOW GRANTS')
  return {
    account: String(row!.account),
    grants: grants.map(line => String(Object.values(line)[0])),
    schema: decodeURIComponent(url.pathname.slice(1)),
  }
}

async function readServer(connection: Connection) {
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version')
  const [rows] = await connection.query<RowDataPacket[]>('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [
    variableNames,
  ])
  return {
    version: String(row!.version),
    variables: Object.fromEntries(
      rows.map(({ Variable_name: name, Value: value }) => [String(name), String(value)]),
    ),
  }
}

async function judgeClock(connection: Connection, { target, now }: DatabaseExam): Promise<Finding> {
  const { ok, warning } = findingsOf(target.name)
  const before = now()
  const [[row]] = await connection.query<RowDataPacket[]>(
    'SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS DOUBLE) AS ms',
  )
  const skewMs = Math.round(Number(row!.ms) - (before + now()) / 2)
  return Math.abs(skewMs) <= mostSkewMs
    ? ok('clock', `${Math.abs(skewMs)} ms from ours`)
    : warning(
        'clock',
        `${skewMs} ms from ours: lag and the age of evidence would be wrong by as much`,
        'let both machines follow the same time server (timedatectl set-ntp true)',
      )
}

async function judgeTables(
  connection: Connection,
  subject: string,
  schema: string,
  tables: readonly string[],
): Promise<Finding[]> {
  const { ok, problem } = findingsOf(subject)
  const findings: Finding[] = []
  for (const table of tables) {
    const [[found]] = await connection.query<RowDataPacket[]>(
      `SELECT ENGINE engine, (SELECT COUNT(*) FROM information_schema.STATISTICS s
          WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY') keyColumns
         FROM information_schema.TABLES t WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
      [schema, table],
    )
    const check = `table ${table}`
    if (found === undefined)
      findings.push(problem(check, `${schema} has none`, 'correct the name, or grant SELECT on it'))
    else if (found.engine !== 'InnoDB')
      findings.push(
        problem(
          check,
          `is ${found.engine}: only InnoDB rows commit together with their checkpoint`,
          `ALTER TABLE ${schema}.${table} ENGINE = InnoDB;`,
        ),
      )
    else if (Number(found.keyColumns) === 0)
      findings.push(
        problem(
          check,
          'has no primary key: a changed row could not be told from another',
          `give it one: ALTER TABLE ${schema}.${table} ADD PRIMARY KEY (…);`,
        ),
      )
    else findings.push(ok(check, 'InnoDB with a primary key'))
  }
  return findings
}
