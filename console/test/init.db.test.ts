import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type Connection, createConnection } from 'mysql2/promise'
import { strangler } from './fake-system.ts'
import { askPrograms, shopWsdl } from './real-programs.ts'

// Each init runs two or three programs of ours.
jest.setTimeout(120_000)

const admin = new URL(process.env.STRANGLER_TEST_DB!)
const schema = `init_${randomBytes(4).toString('hex')}`
const database = `${admin.href}${schema}`
let connection: Connection
let folder: string

const init = (...args: string[]) => strangler(folder, ['init', ...args, '--json'], { ask: askPrograms })
const customers = [
  ...['--name', 'customers', '--wsdl', shopWsdl, '--base-url', 'http://127.0.0.1:9001'],
  ...['--operations', 'GetCustomer,CreateCustomer,AddCustomerNote', '--reads', 'GetCustomer'],
]
const read = (path: string) => readFile(join(folder, path), 'utf8')

type Row = Record<string, unknown>
type Mapping = {
  legacy: { table: string; key: string[] }
  extracted: { table: string; columns: string[] }
  toExtracted(row: Row): Row
  toLegacy(row: Row): Row
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-init-test-'))
  connection = await createConnection({ uri: admin.href, multipleStatements: true })
  await connection.query(`CREATE DATABASE ${schema}; USE ${schema};
    CREATE TABLE CUST_NOTE (NOTE_NO INT AUTO_INCREMENT PRIMARY KEY, CUST_NO INT NOT NULL, NOTE_TXT VARCHAR(500) NOT NULL) ENGINE = InnoDB;
    CREATE TABLE CUST_MST (CUST_NO INT AUTO_INCREMENT PRIMARY KEY, CUST_NM VARCHAR(80) NOT NULL, VIP_FLG CHAR(1) NOT NULL,
      OPEN_DT CHAR(8) NOT NULL, RVW_DT CHAR(8) NULL, STAT_CD CHAR(1) NOT NULL, SHOUT VARCHAR(80) AS (UPPER(CUST_NM)), KEY (CUST_NM)) ENGINE = InnoDB;
    ALTER TABLE CUST_NOTE ADD FOREIGN KEY (CUST_NO) REFERENCES CUST_MST (CUST_NO);
    INSERT INTO CUST_MST (CUST_NM, VIP_FLG, OPEN_DT, RVW_DT, STAT_CD) VALUES ('Ada', 'Y', '20240229', NULL, 'A'), ('Bob', 'N', '20230101', '20240131', 'S');
    CREATE TABLE KEYLESS (A INT) ENGINE = InnoDB;`)
})

afterAll(async () => {
  await connection.query(`DROP DATABASE ${schema}`)
  await connection.end()
  await rm(folder, { recursive: true, force: true })
})

test('contract and columns become a checked strangler.yaml, a plan, SQL and a service', async () => {
  const ran = await init(...customers, '--database', database, '--tables', 'CUST_NOTE,CUST_MST')
  expect(ran).toMatchObject({ exit: 0, stderr: '' })
  expect((JSON.parse(ran.stdout) as { files: string[] }).files).toEqual(
    expect.arrayContaining(['strangler.yaml', 'plans/customers.ts', 'service/main.mjs', 'sql/extracted.sql']),
  )
  const checked = await askPrograms('proxy', ['check', join(folder, 'strangler.yaml'), '--json'])
  expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true })
  const yaml = await read('strangler.yaml')
  expect(yaml).toContain('$schema=./strangler.schema.json')
  expect(yaml).toMatch(/soap: "\/soap#GetCustomer", +effect: read,/)
  expect(yaml).toMatch(/soap: "\/soap#AddCustomerNote", +effect: write,/)
  expect((await stat(join(folder, '.env'))).mode & 0o077).toBe(0)
  expect((await stat(join(folder, '.strangler/token'))).mode & 0o077).toBe(0)
  expect(await read('service/handlers.mjs')).toContain('export async function AddCustomerNote')
})

test('the proposed mapping puts parents first, leads there and back, and leaves generated columns out', async () => {
  const { plan } = (await import(pathToFileURL(join(folder, 'plans/customers.ts')).href)) as {
    plan: {
      tables: Mapping[]
      drill: {
        subjects: string
        writes: { request(s: string, t: string): { body: string } }[]
        count: { legacy: string }
      }
    }
  }
  const [customerRows, noteRows] = plan.tables
  expect([customerRows!.legacy.table, noteRows!.legacy.table]).toEqual(['CUST_MST', 'CUST_NOTE'])
  expect(customerRows!.extracted.columns).toEqual([
    'id',
    'cust_nm',
    'vip_flg',
    'open_dt',
    'rvw_dt',
    'stat_cd',
  ])
  const row = { CUST_NO: 1, CUST_NM: 'Ada', VIP_FLG: 'Y', OPEN_DT: '20240229', RVW_DT: null, STAT_CD: 'A' }
  const moved = { id: 1, cust_nm: 'Ada', vip_flg: 1, open_dt: '2024-02-29', rvw_dt: null, stat_cd: 'A' }
  expect(customerRows!.toExtracted(row)).toEqual(moved)
  expect(customerRows!.toLegacy(moved)).toEqual(row)
  expect(() => customerRows!.toExtracted({ ...row, VIP_FLG: 'X' })).toThrow('neither Y nor N')
  // The drill writes by the one operation whose text field is a text column, where there is one.
  expect(plan.drill.writes[0]!.request('7', 'token-1').body).toContain('token-1')
  const [subjects] = await connection.query(plan.drill.subjects)
  expect(subjects).toEqual([{ id: 1 }, { id: 2 }])
  const [counted] = await connection.query(plan.drill.count.legacy, ['%'])
  expect(counted).toContainEqual({ token: expect.any(String), times: 1 })
})

test('the SQL of the new side runs as it stands, twice', async () => {
  const target = `${schema}_new`
  const sql = (await read('sql/extracted.sql'))
    .replaceAll('`customers`', `\`${target}\``)
    .split('\n')
    .filter(line => !/USER|GRANT|strangler/.test(line))
    .join('\n')
  try {
    await connection.query(sql)
    await connection.query(sql)
    await connection.query(`INSERT INTO ${target}.cust_mst VALUES (1, 'Ada', 1, '2024-02-29', NULL, 'A')`)
  } finally {
    await connection.query(`DROP DATABASE IF EXISTS ${target}`)
  }
})

test('nothing is overwritten without --force, and with it modes stay tight', async () => {
  const before = await read('strangler.yaml')
  const again = await init(...customers, '--database', database, '--tables', 'CUST_MST')
  expect(again.exit).toBe(2)
  expect(JSON.parse(again.stdout)).toMatchObject({ code: 'CONFIG_EXISTS' })
  expect(await read('strangler.yaml')).toBe(before)
  await writeFile(join(folder, '.env'), 'OLD=1\n', { mode: 0o644 })
  const forced = await init(...customers, '--database', database, '--tables', 'CUST_MST', '--force')
  expect(forced.exit).toBe(0)
  expect(await read('.env')).toContain('STRANGLER_DB_LEGACY=')
  expect((await stat(join(folder, '.env'))).mode & 0o077).toBe(0)
})

test.each([
  [['--database', database, '--tables', 'KEYLESS'], 'CONFIG_TABLES', 'no primary key'],
  [['--database', database, '--tables', 'NONE'], 'CONFIG_TABLES', 'CUST_MST'],
  [['--operations', 'NoSuch'], 'USAGE_INIT', 'NoSuch'],
  [['--wsdl', '/nowhere.wsdl'], 'CONFIG_WSDL', 'nowhere.wsdl'],
  [['--name', 'Big'], 'USAGE_INIT', '--name'],
  [['--tables', 'CUST_MST'], 'USAGE_INIT', '--tables needs --database'],
])('%p is a mistake said in a sentence, and writes nothing', async (args, code, part) => {
  const ran = await init(...customers, ...args, '--dir', 'elsewhere')
  expect(ran.exit).toBe(2)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code })
  expect(ran.stdout).toContain(part)
  await expect(stat(join(folder, 'elsewhere'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a capability without data over REST needs no database, and asks for what is missing at a terminal', async () => {
  const asked: string[] = []
  const question = async (text: string) => {
    asked.push(text)
    return text.startsWith('Name') ? 'search' : text.startsWith('WSDL') ? 'http://127.0.0.1:9001' : ''
  }
  const ran = await strangler(folder, ['init', '--dir', 'rest', '--routes', 'GET /search,POST /search'], {
    ask: askPrograms,
    question,
  })
  expect(ran).toMatchObject({ exit: 0, stderr: '' })
  expect(asked).toHaveLength(3)
  expect(ran.stdout).toContain('npx strangler stage search shadow')
  const yaml = await read('rest/strangler.yaml')
  expect(yaml).toContain('data: none')
  expect(yaml).toMatch(/rest: "GET \/search", +effect: read,/)
})
