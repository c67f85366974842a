import { expect, test } from '@jest/globals'
import { type PreflightOptions, preflight, type Query } from '../src/preflight.ts'
import { configWith, goodOptions } from './good-config.ts'

const settings = {
  version: '10.11.19-MariaDB-log',
  log_bin: 'ON',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  binlog_expire_logs_seconds: '604800',
  expire_logs_days: '7.000000',
  gtid_strict_mode: 'ON',
  server_id: '1',
  read_only: 'OFF',
}
const grants = [
  'GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `debezium`@`%` IDENTIFIED BY …',
]
const tables = [
  { db: 'shop', tbl: 'orders', keyed: 1 },
  { db: 'shop', tbl: 'order_lines', keyed: 1 },
  { db: 'shop', tbl: 'other', keyed: 0 },
]
const cascade = `CREATE TABLE \`orders\` (
  \`id\` bigint(20) NOT NULL,
  PRIMARY KEY (\`id\`),
  CONSTRAINT \`fk_plain\` FOREIGN KEY (\`c\`) REFERENCES \`customers\` (\`id\`),
  CONSTRAINT \`fk_customer\` FOREIGN KEY (\`c\`, \`d\`) REFERENCES \`crm\`.\`customers\` (\`id\`, \`d\`) ON DELETE CASCADE
) ENGINE=InnoDB`
type Server = {
  settings?: Record<string, string | undefined>
  grants?: string[]
  tables?: Record<string, unknown>[]
  columns?: Record<string, unknown>[]
  /** table → its CREATE TABLE statement */
  foreignKeys?: Record<string, string>
}

function server(changes: Server): Query {
  return async sql => {
    if (sql.startsWith('SHOW GLOBAL VARIABLES')) {
      return Object.entries({ ...settings, ...changes.settings })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => ({ Variable_name: name, Value: value }))
    }
    if (sql === 'SHOW GRANTS')
      return (changes.grants ?? grants).map(line => ({ 'Grants for debezium@%': line }))
    if (sql.startsWith('SHOW CREATE TABLE')) {
      const table = sql.slice('SHOW CREATE TABLE '.length)
      return [{ Table: table, 'Create Table': changes.foreignKeys?.[table.replaceAll('`', '')] ?? '' }]
    }
    if (sql.includes('information_schema.tables')) return changes.tables ?? tables
    if (sql.includes('information_schema.columns')) return changes.columns ?? []
    throw new Error(`unexpected: ${sql}`)
  }
}

async function findings(changes: Server, options: Partial<PreflightOptions> = {}): Promise<string[]> {
  const found = await preflight(server(changes), { config: configWith({}), debezium: '3.5', ...options })
  return found.map(({ severity, property }) => `${severity} ${property}`)
}

test('finds nothing on a server that is set up', async () => {
  expect(await findings({})).toEqual([])
})

test.each([
  ['log_bin', 'OFF', 'error log_bin'],
  ['binlog_format', 'MIXED', 'error binlog_format'],
  ['binlog_row_image', 'MINIMAL', 'error binlog_row_image'],
  ['binlog_row_metadata', 'NO_LOG', 'warning binlog_row_metadata'],
  ['binlog_row_value_options', 'PARTIAL_JSON', 'error binlog_row_value_options'],
  ['gtid_strict_mode', 'OFF', 'warning gtid_strict_mode'],
  ['binlog_expire_logs_seconds', '3600', 'error binlog_expire_logs_seconds'],
  ['max_binlog_total_size', '1000000', 'warning max_binlog_total_size'],
  ['server_id', '5401', 'error database.server.id'],
  ['version', '8.4.3', 'error version'],
])('finds %s=%s', async (name, value, finding) => {
  expect(await findings({ settings: { [name]: value } })).toEqual([finding])
})

test('takes 0 as for ever, and days where there are no seconds', async () => {
  expect(await findings({ settings: { binlog_expire_logs_seconds: '0', expire_logs_days: '0' } })).toEqual([])
  expect(
    await findings({ settings: { binlog_expire_logs_seconds: undefined, expire_logs_days: '1' } }),
  ).toEqual(['error expire_logs_days'])
  expect(await findings({}, { retentionSeconds: 1_000_000 })).toEqual(['error binlog_expire_logs_seconds'])
})

test('wants GTIDs on MySQL, and insists where a filter needs them', async () => {
  const mysql = {
    version: '8.4.3',
    gtid_mode: 'OFF',
    enforce_gtid_consistency: 'OFF',
    gtid_strict_mode: undefined,
  }
  const config = configWith({}, { connector: 'mysql' })
  expect(await findings({ settings: mysql }, { config })).toEqual([
    'warning gtid_mode',
    'warning enforce_gtid_consistency',
  ])
  expect(await findings({ settings: mysql }, { config: { ...config, 'gtid.source.excludes': 'x' } })).toEqual(
    ['error gtid_mode', 'error enforce_gtid_consistency'],
  )
})

test.each([
  [['GRANT USAGE ON *.* TO `d`@`%`'], 5],
  [['GRANT ALL PRIVILEGES ON *.* TO `d`@`%` WITH GRANT OPTION'], 0],
  [
    [
      'GRANT RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `d`@`%`',
      'GRANT SELECT ON `shop`.* TO `d`@`%`',
    ],
    0,
  ],
  [
    [
      'GRANT RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `d`@`%`',
      'GRANT SELECT ON `shop`.`orders` TO `d`@`%`',
    ],
    1,
  ],
  [
    [
      'GRANT RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `d`@`%`',
      'GRANT SELECT ON `sh\\_p`.* TO `d`@`%`',
    ],
    2,
  ],
  [
    [
      'GRANT RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `d`@`%`',
      'GRANT SELECT ON `sh%`.* TO `d`@`%`',
    ],
    0,
  ],
])('reads %j', async (lines, missing) => {
  expect((await findings({ grants: lines })).filter(line => line.endsWith('grants'))).toHaveLength(missing)
})

test('is content with table locks, in a warning', async () => {
  const lines = [
    'GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `d`@`%`',
    'GRANT LOCK TABLES ON `shop`.* TO `d`@`%`',
  ]
  expect(await findings({ grants: lines })).toEqual(['warning grants'])
})

test('takes a lack for a warning where a role may hold what is missing', async () => {
  const lines = ['GRANT USAGE ON *.* TO `d`@`%`', 'GRANT `reader`@`%` TO `d`@`%`']
  expect(new Set(await findings({ grants: lines }))).toEqual(new Set(['warning grants']))
})

test('wants the signal table there and writable', async () => {
  const config = configWith({}, { signalTable: 'shop.signals' })
  const withTable = [...tables, { db: 'shop', tbl: 'signals', keyed: 1 }]
  expect(await findings({}, { config })).toEqual(['error grants', 'error signal.data.collection'])
  const lines = [...grants, 'GRANT INSERT ON `shop`.`signals` TO `d`@`%`']
  expect(await findings({ grants: lines, tables: withTable }, { config })).toEqual([])
  expect(
    await findings({ grants: lines, tables: withTable, settings: { read_only: 'ON' } }, { config }),
  ).toEqual(['warning read_only'])
})

test('finds tables that are absent, without key, or of types that are read wrongly', async () => {
  expect(
    await findings({
      tables: [{ db: 'shop', tbl: 'orders', keyed: 0 }],
      columns: [
        { db: 'shop', tbl: 'visits', col: 'address', kind: 'inet6' },
        { db: 'elsewhere', tbl: 'visits', col: 'address', kind: 'inet4' },
        { db: 'shop', tbl: 'orders', col: 'ref', kind: 'uuid' },
      ],
      foreignKeys: { 'shop.orders': cascade, 'shop.uncaptured': cascade },
    }),
  ).toEqual([
    'error table.include.list',
    'error shop.visits',
    'warning shop.orders',
    'warning elsewhere.visits',
    'warning shop.orders',
    'warning shop.orders',
  ])
})

test('knows whose types the snapshot parses', async () => {
  const columns = [{ db: 'elsewhere', tbl: 'visits', col: 'address', kind: 'inet4' }]
  const keepAll = { 'schema.history.internal.store.only.captured.databases.ddl': 'false' }
  const unset = { 'schema.history.internal.store.only.captured.databases.ddl': undefined }
  const tablesOnly = { ...keepAll, 'schema.history.internal.store.only.captured.tables.ddl': 'true' }
  expect(await findings({ columns }, { config: configWith(keepAll) })).toEqual(['error elsewhere.visits'])
  expect(await findings({ columns }, { config: configWith(tablesOnly) })).toEqual([
    'warning elsewhere.visits',
  ])
  expect(await findings({ columns }, { config: configWith(unset) })).toEqual(['error elsewhere.visits'])
  expect(await findings({ columns }, { config: configWith(unset), debezium: '3.0' })).toEqual([
    'warning elsewhere.visits',
  ])
})

test('knows that MySQL 9.6 logs cascades', async () => {
  const foreignKeys = { 'shop.orders': cascade }
  const mysql = { gtid_mode: 'ON', enforce_gtid_consistency: 'ON', gtid_strict_mode: undefined }
  const config = configWith({}, { connector: 'mysql' })
  expect(await findings({ foreignKeys, settings: { ...mysql, version: '9.6.0' } }, { config })).toEqual([])
  expect(await findings({ foreignKeys, settings: { ...mysql, version: '8.4.9' } }, { config })).toEqual([
    'warning shop.orders',
  ])
})

test('refuses a connector that it does not know', async () => {
  await expect(preflight(server({}), { config: {}, debezium: '3.5' })).rejects.toMatchObject({
    code: 'OPTIONS_INVALID',
  })
  expect(goodOptions.connector).toBe('mariadb')
})
