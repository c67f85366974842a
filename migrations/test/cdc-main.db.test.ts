import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { schemaOf } from '../src/data/database.ts'
import { connectOwner, openTestDatabases, serverPosition, type TestDatabases } from './cdc-support.ts'

let databases: TestDatabases
let owner: Connection

beforeAll(async () => {
  databases = await openTestDatabases()
  owner = await connectOwner(databases, 'legacy')
  await owner.query('CREATE TABLE t (id INT PRIMARY KEY, price DECIMAL(10,2) NULL, raw VARBINARY(8) NULL)')
})
afterAll(async () => {
  await owner?.end()
  await databases?.close()
})

function start(env: Record<string, string>) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', 'src', 'cdc-main.ts')],
    { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stderr = ''
  child.stderr.on('data', text => {
    stderr += text
  })
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  return { child, ended, stderr: () => stderr, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
}

test('writes a line of JSON for each message, says where to go on, and ends when asked', async () => {
  const from = await serverPosition(databases.admin)
  const schema = schemaOf(databases.legacy)
  await owner.query("INSERT INTO t VALUES (1, 12.50, X'00FF')")
  const { child, ended, stderr, lines } = start({
    DATABASE_URL: databases.legacy.toolkitUrl,
    TABLES: `${schema}.t`,
    NAME: 'shop',
    FROM: from,
  })
  const next = async () => JSON.parse((await lines.next()).value as string)
  const row = await (async () => {
    for (;;) {
      const record = await next()
      if (record.topic === `shop.${schema}.t`) return record
    }
  })()
  expect(row.key).toBe('{"id":1}')
  expect(JSON.parse(row.value)).toMatchObject({
    op: 'c',
    before: null,
    after: { id: 1, price: '12.50', raw: 'AP8=' },
    source: { connector: 'mariadb', name: 'shop', db: schema, table: 't', snapshot: 'false' },
    transaction: { total_order: 1, data_collection_order: 1 },
  })
  expect(await next()).toMatchObject({
    topic: 'shop.transaction',
    value: expect.stringContaining('"status":"END"'),
  })
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(stderr()).toMatch(/\{"position":"[\d,-]+"\}/)
}, 60_000)

test('names every variable that is missing or wrong', async () => {
  const { ended, stderr } = start({ DATABASE_URL: 'http://x', TABLES: 'no-schema' })
  expect(await ended).toBe(1)
  expect(stderr()).toContain('DATABASE_URL')
  expect(stderr()).toContain('TABLES')
}, 60_000)
