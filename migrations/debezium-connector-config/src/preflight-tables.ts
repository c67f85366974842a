import { type ConnectorConfig, type Finding, listOf, patternsOf } from './connector-config.ts'
import type { Settings } from './preflight-variables.ts'
import { isAtLeast, type Target } from './property.ts'
import { matchesAny } from './rules/capture-rules.ts'

export type TableRow = { db: string; tbl: string; keyed: boolean }
export type ColumnRow = { db: string; tbl: string; col: string; kind: string }
export type CascadeRow = { db: string; tbl: string; parent: string; name: string }
export type TableFacts = {
  tables: readonly TableRow[]
  columns: readonly ColumnRow[]
  cascades: readonly CascadeRow[]
}

/** The tables of the server that the configuration captures. */
export function capturedTables<Row extends { db: string; tbl: string }>(
  config: ConnectorConfig,
  rows: readonly Row[],
): Row[] {
  const included = patternsOf(config['table.include.list'])
  const excluded = patternsOf(config['table.exclude.list'])
  return rows.filter(row => {
    const name = `${row.db}.${row.tbl}`
    if (!isCapturedDatabase(config, row.db) || matchesAny(excluded, name)) return false
    return included.length === 0 || matchesAny(included, name)
  })
}

function isCapturedDatabase(config: ConnectorConfig, db: string): boolean {
  const included = patternsOf(config['database.include.list'])
  const excluded = patternsOf(config['database.exclude.list'])
  return (included.length === 0 || matchesAny(included, db)) && !matchesAny(excluded, db)
}

/** The foreign keys of a CREATE TABLE statement through which a change of another table changes this one. */
export function cascadesIn(db: string, tbl: string, statement: string): CascadeRow[] {
  const key =
    /CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY \([^)]*\) REFERENCES ((?:`(?:[^`]|``)+`\.?)+) \([^)]*\)([^,\n]*)/g
  return [...statement.matchAll(key)]
    .filter(([, , , rules]) => /ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)/.test(rules ?? ''))
    .map(([, name, parent]) => ({ db, tbl, name: name!, parent: parent!.replaceAll('`', '') }))
}

/** Tables that are named and absent, or that Debezium reads wrongly, in part or not at all. */
export function checkTables(
  facts: TableFacts,
  config: ConnectorConfig,
  settings: Settings,
  target: Target,
): Finding[] {
  const isCaptured = (row: { db: string; tbl: string }) => capturedTables(config, [row]).length > 0
  const warn = (row: { db: string; tbl: string }, message: string): Finding => ({
    severity: 'warning',
    property: `${row.db}.${row.tbl}`,
    message,
  })
  return [
    ...absentTables(facts, config),
    ...facts.tables
      .filter(row => !row.keyed && isCaptured(row))
      .map(row =>
        warn(
          row,
          'has no primary key: its messages have no key, and an incremental snapshot sends none of its rows',
        ),
      ),
    ...facts.columns.filter(row => row.kind.startsWith('inet')).map(row => unparseable(row, config, target)),
    ...facts.columns
      .filter(row => row.kind === 'uuid' && isCaptured(row))
      .map(row => warn(row, `column ${row.col} is a UUID: one that ends in a zero byte is streamed wrongly`)),
    ...(logsCascades(settings) ? [] : facts.cascades)
      .filter(isCaptured)
      .map(row =>
        warn(
          row,
          `foreign key ${row.name}: what a change of ${row.parent} does to this table is not in the binlog`,
        ),
      ),
  ]
}

/**
 * Debezium has no grammar for INET4 and INET6. The snapshot parses what the history keeps, by default every table of
 * the server; the stream parses every statement, whatever is kept.
 */
function unparseable(row: ColumnRow, config: ConnectorConfig, { debezium }: Target): Finding {
  const keepsOnly = (what: 'databases' | 'tables') =>
    config[`schema.history.internal.store.only.captured.${what}.ddl`]?.trim() ??
    String(what === 'databases' && !isAtLeast(debezium, '3.1'))
  const isLeftOut =
    (keepsOnly('databases') === 'true' && !isCapturedDatabase(config, row.db)) ||
    (keepsOnly('tables') === 'true' && capturedTables(config, [row]).length === 0)
  return {
    severity: isLeftOut ? 'warning' : 'error',
    property: `${row.db}.${row.tbl}`,
    message: `column ${row.col} is of type ${row.kind.toUpperCase()}, which Debezium can't parse: ${
      isLeftOut
        ? 'the connector stops at the next CREATE or ALTER of this table'
        : 'the connector does not start, captured or not'
    }`,
  }
}

function absentTables({ tables }: TableFacts, config: ConnectorConfig): Finding[] {
  const names = tables.map(({ db, tbl }) => `${db}.${tbl}`)
  const absent = patternsOf(config['table.include.list']).filter(
    pattern => !names.some(name => matchesAny([pattern], name)),
  )
  const signal = listOf(config['signal.data.collection']).filter(table => !names.includes(table))
  return [
    ...absent.map(
      (pattern): Finding => ({
        severity: 'error',
        property: 'table.include.list',
        message: `${pattern} matches no table that this login can see`,
      }),
    ),
    ...signal.map(
      (table): Finding => ({
        severity: 'error',
        property: 'signal.data.collection',
        message: `${table} does not exist, or this login can't see it`,
        suggestion: `CREATE TABLE ${table} (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048) NULL)`,
      }),
    ),
  ]
}

/** MySQL 9.6 and later write cascaded changes to the binlog. */
function logsCascades(settings: Settings): boolean {
  const version = settings.get('version') ?? ''
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return !/mariadb/i.test(version) && Number(major) * 100 + Number(minor) >= 906
}
