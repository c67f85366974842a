import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connectApplier, connectionOptions, type Database, schemaOf } from '../data/database.ts'
import { errorNumber } from '../data/database-error.ts'
import { identifier, qualified } from '../data/sql-text.ts'
import type { Direction, MappedTable } from '../data/table-mapping.ts'
import type { DatabaseRefusal } from './preflight-database.ts'

/** A column that is not given has no default. */
const noDefault = 1364

/** Variable → what it must be, and why. */
const required: readonly [string, string, string][] = [
  ['log_bin', '1', 'without a binlog there is nothing to stream'],
  ['binlog_format', 'ROW', 'statements do not tell which rows they changed'],
  ['binlog_row_image', 'FULL', 'partial rows would read as NULL'],
  ['binlog_row_metadata', 'FULL', 'the binlog must carry column names'],
  ['gtid_strict_mode', '1', 'positions compare only where sequence numbers never go back'],
  ['log_bin_trust_function_creators', '1', 'the fence creates triggers without SUPER'],
]

export async function checkServer(
  connection: Connection,
  database: Database,
  soakSeconds: number,
): Promise<DatabaseRefusal[]> {
  const refusals: DatabaseRefusal[] = []
  const names = [...required.map(([name]) => name), 'binlog_expire_logs_seconds', 'version']
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT ${names.map(name => `@@GLOBAL.${name} AS ${name}`).join(', ')}`,
  )
  const found = rows[0]!
  if (!/mariadb/i.test(String(found.version)))
    refusals.push({
      code: 'SERVER_NOT_MARIADB',
      message: `${database.name} is version ${found.version}; GTID positions of MariaDB are needed`,
      details: { database: database.name, version: found.version },
    })
  for (const [name, wanted, reason] of required)
    if (String(found[name]) !== wanted)
      refusals.push({
        code: 'SERVER_VARIABLE',
        message: `${database.name}: ${name} is ${found[name]}, must be ${wanted}: ${reason}`,
        details: { database: database.name, variable: name, found: found[name], wanted },
      })
  const keptSeconds = Number(found.binlog_expire_logs_seconds)
  if (keptSeconds !== 0 && keptSeconds < soakSeconds)
    refusals.push({
      code: 'BINLOG_RETENTION',
      message: `${database.name} keeps its binlog for ${keptSeconds} s < ${soakSeconds} s of soak: a rollback could find it gone`,
      details: { database: database.name, keptSeconds, soakSeconds },
    })
  return refusals
}

export async function checkToolkitRights(
  connection: Connection,
  database: Database,
): Promise<DatabaseRefusal[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT PRIVILEGE_TYPE name FROM information_schema.USER_PRIVILEGES
      WHERE GRANTEE = CONCAT("'", SUBSTRING_INDEX(CURRENT_USER(), '@', 1), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'")`,
  )
  const granted = new Set(rows.map(row => row.name))
  const missing = ['REPLICATION SLAVE', 'BINLOG MONITOR', 'PROCESS', 'CONNECTION ADMIN'].filter(
    right => !granted.has(right),
  )
  return missing.map(right => ({
    code: 'GRANT_MISSING',
    message: `${database.name}: account ${connectionOptions(database.toolkitUrl).user} lacks ${right} ON *.*`,
    details: { database: database.name, right },
  }))
}

/** Whether the applier can set its origin, and write the tables and the toolkit's own. */
export async function checkApplier(
  database: Database,
  direction: Direction,
  tables: readonly MappedTable[],
): Promise<DatabaseRefusal[]> {
  const user = connectionOptions(database.applierUrl).user
  const refusal = (error: unknown): DatabaseRefusal => ({
    code: 'GRANT_MISSING',
    message: `${database.name}: account ${user}: ${messageOf(error)}`,
    details: { database: database.name, user },
  })
  let connection: Connection
  try {
    connection = await connectApplier(database, direction)
  } catch (error) {
    return [refusal(error)]
  }
  const refusals: DatabaseRefusal[] = []
  const attempt = async (sql: string, passing: readonly number[] = []) => {
    await connection.query(sql).catch(error => {
      if (!passing.includes(errorNumber(error) ?? 0)) refusals.push(refusal(error))
    })
  }
  try {
    for (const { table, key, columns, rows } of tables) {
      const name = qualified(schemaOf(database), table)
      const column = identifier(key[0] ?? 'id')
      const all = columns.map(identifier).join(', ')
      // whoever brings the rows is asked for the other columns
      const others = rows === 'foreign' ? [noDefault] : []
      await attempt(`EXPLAIN INSERT INTO ${name} (${all}) SELECT ${all} FROM ${name} LIMIT 0`, others)
      await attempt(`EXPLAIN UPDATE ${name} SET ${column} = ${column} WHERE FALSE`)
      await attempt(`EXPLAIN DELETE FROM ${name} WHERE FALSE`)
    }
    await attempt(
      `EXPLAIN UPDATE ${identifier(database.controlSchema)}.checkpoint SET epoch = epoch WHERE FALSE`,
    )
  } finally {
    connection.destroy()
  }
  return refusals
}
