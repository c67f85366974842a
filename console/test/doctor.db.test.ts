import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Connection, createConnection } from 'mysql2/promise'
import type { Finding } from '../src/doctor/finding.ts'
import { deafUrl, json, startFake, strangler } from './fake-system.ts'

const admin = new URL(process.env.STRANGLER_TEST_DB!)
const schema = `doctor_${randomBytes(4).toString('hex')}`
const user = schema
let connection: Connection
let folder: string

const urlOf = (name: string, password: string) => `mysql://${name}:${password}@${admin.host}/${schema}`
const doctor = async (...args: string[]) => {
  const ran = await strangler(folder, ['doctor', '--json', ...args])
  return { ...ran, ...(JSON.parse(ran.stdout) as { ok: boolean; findings: Finding[] }) }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-doctor-'))
  connection = await createConnection({ uri: admin.href })
  await connection.query(`CREATE DATABASE ${schema}`)
  await connection.query(`CREATE TABLE ${schema}.GOOD (a INT PRIMARY KEY) ENGINE = InnoDB`)
  await connection.query(`CREATE TABLE ${schema}.KEYLESS (a INT) ENGINE = InnoDB`)
  await connection.query(`CREATE TABLE ${schema}.ODD (a INT PRIMARY KEY) ENGINE = Aria`)
  await connection.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'pw'`)
})

afterAll(async () => {
  await connection.query(`DROP USER ${user}@'%'`)
  await connection.query(`DROP DATABASE ${schema}`)
  await connection.end()
  await rm(folder, { recursive: true, force: true })
})

test('a server that is set up as it should be passes with exit 0', async () => {
  const { exit, ok, findings } = await doctor('--database', `${admin.href}${schema}`, '--tables', 'GOOD')
  expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
  expect({ exit, ok }).toEqual({ exit: 0, ok: true })
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['node', 'disk', 'version', 'log_bin', 'gtid_strict_mode', 'clock', 'table GOOD']),
  )
})

test('tables that cannot be synced are named, with what to do', async () => {
  const tables = ['--tables', 'KEYLESS,ODD,NONE']
  const { exit, findings } = await doctor('--database', `${admin.href}${schema}`, ...tables)
  expect(exit).toBe(1)
  const bad = findings.filter(({ level }) => level === 'problem').map(({ check, fix }) => `${check}: ${fix}`)
  expect(bad).toEqual([
    expect.stringContaining('table KEYLESS: give it one'),
    `table ODD: ALTER TABLE ${schema}.ODD ENGINE = InnoDB;`,
    expect.stringContaining('table NONE: correct the name'),
  ])
})

test('the GRANTs that it names are the ones that are missing: granted, it is content', async () => {
  const url = urlOf(user, 'pw')
  await connection.query(`GRANT SELECT ON ${schema}.GOOD TO ${user}@'%'`)
  const { findings } = await doctor('--database', url, '--applier', url)
  const fixes = findings.flatMap(({ fix, level }) => (level === 'problem' && fix !== undefined ? [fix] : []))
  expect(fixes.length).toBeGreaterThan(3)
  for (const fix of fixes) await connection.query(fix)
  expect(await doctor('--database', url, '--applier', url)).toMatchObject({ exit: 0, ok: true })
})

test('a wrong password and a server that is not there are told apart, and no password is printed', async () => {
  const wrong = await strangler(folder, ['doctor', '--database', urlOf('nobody', 'hush-hush')])
  expect(wrong.exit).toBe(1)
  expect(wrong.stdout).toContain('correct user and password')
  expect(wrong.stdout).not.toContain('hush-hush')
  const { port } = new URL(await deafUrl())
  const away = await strangler(folder, ['doctor', '--database', `mysql://a:b@127.0.0.1:${port}/x`])
  expect(away.stdout).toContain('start the server')
})

test('databases come from .env, upstreams from strangler.yaml, ports from system.yaml', async () => {
  await using fake = await startFake(json({}))
  const deaf = await deafUrl()
  await writeFile(join(folder, '.env'), `STRANGLER_DB_LEGACY=${admin.href}${schema}\n`)
  await chmod(join(folder, '.env'), 0o644)
  await writeFile(
    join(folder, 'strangler.yaml'),
    `upstreams: { here: { url: "${fake.url}" }, gone: { urls: ["${deaf}"] } }`,
  )
  const taken = new URL(fake.url).host
  await writeFile(
    join(folder, 'system.yaml'),
    `listen: { proxy: "${taken}", admin: "127.0.0.1:0", engine: "127.0.0.1:0", dashboard: "127.0.0.1:0" }`,
  )
  const { exit, findings } = await doctor('--tables', 'GOOD')
  const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]))
  expect(levels).toMatchObject({
    '.env': 'problem',
    'upstream here': 'ok',
    'upstream gone': 'warning',
    [`port ${taken.split(':')[1]}`]: 'problem',
    'table GOOD': 'ok',
  })
  expect(exit).toBe(1)
})
