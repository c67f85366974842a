import { expect, test } from '@jest/globals'
import { targetsOfRunning, targetsOfSettings } from '../src/doctor/database-target.ts'
import { judgeDisk, judgeNode } from '../src/doctor/examine-machine.ts'
import { judgeGrants, parseGrant } from '../src/doctor/judge-grants.ts'
import { judgeServer } from '../src/doctor/judge-server.ts'
import { parseEnvFile } from '../src/settings/parse-env-file.ts'

const good = {
  log_bin: 'ON',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  gtid_strict_mode: 'ON',
  log_bin_trust_function_creators: 'ON',
  server_id: '1',
  binlog_expire_logs_seconds: '864000',
  max_allowed_packet: '67108864',
}
const version = '10.11.6-MariaDB-log'
const day = 86_400

const troubles = (changes: Record<string, string>, server = version) =>
  judgeServer('legacy', { version: server, variables: { ...good, ...changes } }, day)
    .filter(({ level }) => level !== 'ok')
    .map(({ check, fix }) => [check, fix])

test('a server as it should be gives no trouble', () => {
  expect(troubles({})).toEqual([])
  expect(troubles({ binlog_expire_logs_seconds: '0' })).toEqual([])
})

test.each([
  ['log_bin', 'OFF', 'log_bin = binlog, then restart'],
  ['binlog_format', 'MIXED', "SET GLOBAL binlog_format = 'ROW'"],
  ['binlog_row_image', 'MINIMAL', "SET GLOBAL binlog_row_image = 'FULL'"],
  ['binlog_row_metadata', 'NO_LOG', "SET GLOBAL binlog_row_metadata = 'FULL'"],
  ['gtid_strict_mode', 'OFF', "SET GLOBAL gtid_strict_mode = 'ON'"],
  ['log_bin_trust_function_creators', 'OFF', 'SET GLOBAL'],
  ['server_id', '0', 'server_id = 1'],
  ['binlog_expire_logs_seconds', '3600', 'SET GLOBAL binlog_expire_logs_seconds = 86400'],
  ['max_allowed_packet', '1048576', 'max_allowed_packet = 64M'],
])('%s = %s is found, with what to type', (name, value, fix) => {
  expect(troubles({ [name]: value })).toEqual([[name, expect.stringContaining(fix)]])
})

test('a server that is too old, or no MariaDB, is said to be', () => {
  expect(troubles({}, '10.4.2-MariaDB')).toEqual([['version', expect.stringContaining('upgrade')]])
  expect(troubles({}, '8.4.0').map(([check]) => check)).toEqual(['version'])
})

test('grants are read as the server prints them', () => {
  const line =
    'GRANT SELECT, INSERT (`a`, `b`), REPLICATION CLIENT ON `legacy\\_shop`.* TO `s`@`%` WITH GRANT OPTION'
  const grant = parseGrant(line)
  expect([...grant!.rights]).toEqual(['SELECT', 'INSERT (`A`, `B`)', 'BINLOG MONITOR'])
  expect(grant).toMatchObject({ schema: 'legacy\\_shop', table: '*', passOn: true })
  expect(parseGrant('GRANT `reader` TO `s`@`%`')).toBeUndefined()
})

const account = 'strangler@10.0.0.%'

test('each missing right is named with its GRANT; a pattern covers the schemas that it matches', () => {
  const grants = [
    'GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS ON *.* TO `strangler`@`10.0.0.%`',
    'GRANT ALL PRIVILEGES ON `legacy\\_%`.* TO `strangler`@`10.0.0.%` WITH GRANT OPTION',
    'GRANT SELECT ON `mysql`.`db` TO `strangler`@`10.0.0.%`',
  ]
  const fixes = (schema: string) =>
    judgeGrants('legacy', 'toolkit', { account, grants, schema }).flatMap(({ fix }) => fix ?? [])
  expect(fixes('legacy_shop')).toEqual([
    "GRANT CONNECTION ADMIN ON *.* TO 'strangler'@'10.0.0.%';",
    "GRANT SELECT ON mysql.tables_priv TO 'strangler'@'10.0.0.%';",
  ])
  expect(fixes('legacyXshop')).toContain(
    "GRANT ALL ON legacyXshop.* TO 'strangler'@'10.0.0.%' WITH GRANT OPTION;",
  )
})

test('the applier needs to write rows and to set its origin, nothing else', () => {
  const grants = ['GRANT BINLOG REPLAY ON *.* TO `a`@`%`', 'GRANT SELECT, INSERT ON `shop`.* TO `a`@`%`']
  expect(
    judgeGrants('legacy', 'applier', { account: 'a@%', grants, schema: 'shop' }).flatMap(
      ({ fix }) => fix ?? [],
    ),
  ).toEqual(["GRANT UPDATE, DELETE ON shop.* TO 'a'@'%';"])
})

test('databases are those of the settings, by the account that each is for', () => {
  const settings = parseEnvFile(`# accounts
STRANGLER_DATABASE_URL=mysql://s:p@h/strangler
STRANGLER_DB_OLD_SHOP="mysql://s:p@h/shop"   # quoted
export STRANGLER_APPLIER_OLD_SHOP='mysql://a:p#q@h/shop'
OTHER=1
`)
  expect(targetsOfSettings(settings)).toEqual([
    { name: 'control', role: 'toolkit', url: 'mysql://s:p@h/strangler' },
    { name: 'old-shop', role: 'toolkit', url: 'mysql://s:p@h/shop' },
    { name: 'old-shop (applier)', role: 'applier', url: 'mysql://a:p#q@h/shop' },
  ])
  expect(targetsOfRunning({ strangler: 'x', applier: 'y' }, 'mysql://127.0.0.1:1/')).toMatchObject([
    { role: 'toolkit', url: 'mysql://strangler:x@127.0.0.1:1/' },
    { role: 'applier' },
  ])
  expect(targetsOfRunning(undefined, undefined)).toEqual([])
})

test('an old Node and a full disk are problems', () => {
  expect(judgeNode('v20.1.0').level).toBe('problem')
  expect(judgeNode('v24.0.0').level).toBe('ok')
  expect([100, 1_000, 9_000].map(free => judgeDisk('/x', free).level)).toEqual(['problem', 'warning', 'ok'])
})
