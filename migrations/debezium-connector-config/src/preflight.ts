import { type ConnectorConfig, connectorOf, type Finding, oneOf } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'
import { checkGrants, parseGrants } from './preflight-grants.ts'
import {
  type CascadeRow,
  type ColumnRow,
  capturedTables,
  cascadesIn,
  checkTables,
  type TableRow,
} from './preflight-tables.ts'
import { checkVariables } from './preflight-variables.ts'
import { connectorClasses, debeziumVersions, readDebeziumVersion } from './property.ts'

/** Runs one statement and returns its rows; whichever client the caller has. Log in as the connector's own user. */
export type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

export type PreflightOptions = {
  config: ConnectorConfig
  debezium: string
  /** How long the connector may be down and still find its binlog. Default three days. */
  retentionSeconds?: number
}

const variables = `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${[
  'version',
  'log_bin',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'binlog_row_value_options',
  'binlog_annotate_row_events',
  'binlog_rows_query_log_events',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
  'max_binlog_total_size',
  'gtid_mode',
  'enforce_gtid_consistency',
  'gtid_strict_mode',
  'server_id',
  'read_only',
  'super_read_only',
]
  .map(name => `'${name}'`)
  .join(', ')})`

const system = `('mysql', 'sys', 'information_schema', 'performance_schema')`

// information_schema.table_constraints hides the keys of a table from a login that may only read it.
const tables = `SELECT t.table_schema AS db, t.table_name AS tbl,
  EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_schema = t.table_schema
    AND c.table_name = t.table_name AND c.column_key = 'PRI') AS keyed
  FROM information_schema.tables t WHERE t.table_type = 'BASE TABLE' AND t.table_schema NOT IN ${system}`

const oddColumns = `SELECT table_schema AS db, table_name AS tbl, column_name AS col, data_type AS kind
  FROM information_schema.columns
  WHERE data_type IN ('inet4', 'inet6', 'uuid') AND table_schema NOT IN ${system}`

/**
 * Asks a running server whether this connector can read it: binlog settings and retention, grants of the current
 * user, the tables themselves. Changes nothing.
 * @returns errors first; `property` is a server variable, `grants` or a table
 * @throws ConnectorConfigError OPTIONS_INVALID; whatever `query` throws
 */
export async function preflight(query: Query, options: PreflightOptions): Promise<Finding[]> {
  const debezium = readDebeziumVersion(options.debezium)
  const connector = connectorOf(options.config)
  if (debezium === undefined || connector === undefined) {
    throw new ConnectorConfigError(
      'OPTIONS_INVALID',
      debezium === undefined
        ? `no property table for Debezium ${options.debezium}`
        : `connector.class is not one of ${oneOf(Object.values(connectorClasses))}`,
      { hint: `Debezium ${oneOf(debeziumVersions)}; validate the configuration first` },
    )
  }
  const target = { connector, debezium }
  const settings = readSettings(await query(variables))
  const grants = parseGrants((await query('SHOW GRANTS')).map(row => String(Object.values(row)[0] ?? '')))
  const found = (await query(tables)).map(
    (row): TableRow => ({ db: text(row, 'db'), tbl: text(row, 'tbl'), keyed: Number(row.keyed) === 1 }),
  )
  const columns = (await query(oddColumns)).map(
    (row): ColumnRow => ({
      db: text(row, 'db'),
      tbl: text(row, 'tbl'),
      col: text(row, 'col'),
      kind: text(row, 'kind'),
    }),
  )
  const keys: CascadeRow[] = []
  for (const { db, tbl } of capturedTables(options.config, found)) {
    const [row] = await query(`SHOW CREATE TABLE ${quote(db)}.${quote(tbl)}`)
    keys.push(...cascadesIn(db, tbl, String(Object.values(row ?? {})[1] ?? '')))
  }
  const findings = [
    ...checkVariables(settings, options.config, target, options.retentionSeconds ?? 259_200),
    ...checkGrants(grants, options.config, target, found),
    ...checkTables({ tables: found, columns, cascades: keys }, options.config, settings, target),
  ]
  return findings.toSorted(
    (one, other) => Number(one.severity === 'warning') - Number(other.severity === 'warning'),
  )
}

function readSettings(rows: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, string> {
  return new Map(
    rows.map(row => Object.values(row)).map(([name, value]) => [String(name), String(value ?? '')]),
  )
}

function text(row: Readonly<Record<string, unknown>>, column: string): string {
  return String(row[column] ?? '')
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
