import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'

let schema: TestSchema
let folder: string
const apply = () => applyMigrations(schema.url, [{ component: 'shop', folder }])
const write = (name: string, sql: string) => writeFile(join(folder, name), sql)

beforeEach(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  folder = await mkdtemp(join(tmpdir(), 'migrations-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
  await schema.drop()
})

test('applies files in the order of their numbers, each once', async () => {
  await write('001-items.sql', 'CREATE TABLE IF NOT EXISTS items (id INT PRIMARY KEY)')
  await write('002-first.sql', 'INSERT INTO items VALUES (1); INSERT INTO items VALUES (2)')
  expect(await apply()).toEqual(['001-items.sql', '002-first.sql'])
  expect(await apply()).toEqual([])
  await write('003-more.sql', 'INSERT INTO items VALUES (3)')
  expect(await apply()).toEqual(['003-more.sql'])
  expect(await schema.admin('SELECT id FROM items ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
})

test('runs every file once when many processes start together', async () => {
  await write('001-items.sql', 'CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY)')
  await write('002-one.sql', 'INSERT INTO items VALUES ()')
  const ran = await Promise.all(Array.from({ length: 8 }, apply))
  expect(ran.filter(names => names.length > 0)).toEqual([['001-items.sql', '002-one.sql']])
  expect(await schema.admin('SELECT COUNT(*) AS n FROM items')).toEqual([{ n: 1 }])
})

test('leaves nothing of a file of rows that failed, and runs it again', async () => {
  await write('001-items.sql', 'CREATE TABLE items (id INT PRIMARY KEY)')
  await write('002-rows.sql', 'INSERT INTO items VALUES (1); INSERT INTO items VALUES (1)')
  await expect(apply()).rejects.toMatchObject({ code: 'MIGRATION_FAILED', details: { version: 2 } })
  expect(await schema.admin('SELECT id FROM items')).toEqual([])
  await write('002-rows.sql', 'INSERT INTO items VALUES (1); INSERT INTO items VALUES (2)')
  expect(await apply()).toEqual(['002-rows.sql'])
})

test('runs a file again whose process died between two statements', async () => {
  const sql = 'CREATE TABLE IF NOT EXISTS a (id INT); CREATE TABLE IF NOT EXISTS b (id INT)'
  await write('001-two.sql', `${sql}; SIGNAL SQLSTATE '45000'`)
  await expect(apply()).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
  expect(await schema.admin('SELECT version, applied_at FROM schema_migrations')).toEqual([
    { version: 1, applied_at: null },
  ])
  await write('001-two.sql', sql)
  expect(await apply()).toEqual(['001-two.sql'])
})

test('refuses a file that was changed after it had been applied', async () => {
  await write('001-items.sql', 'CREATE TABLE items (id INT)')
  await apply()
  await write('001-items.sql', 'CREATE TABLE items (id BIGINT)')
  await expect(apply()).rejects.toMatchObject({ code: 'MIGRATION_CHANGED', details: { version: 1 } })
})

test('refuses a schema that a newer build has migrated', async () => {
  await write('001-items.sql', 'CREATE TABLE items (id INT)')
  await write('002-more.sql', 'SELECT 1')
  await apply()
  await rm(join(folder, '002-more.sql'))
  await expect(apply()).rejects.toMatchObject({ code: 'SCHEMA_NEWER', details: { newest: 2, known: 1 } })
})

test('refuses a folder whose numbers have a gap, before it touches the schema', async () => {
  await write('001-items.sql', 'CREATE TABLE items (id INT)')
  await write('003-more.sql', 'SELECT 1')
  await expect(apply()).rejects.toMatchObject({
    code: 'MIGRATIONS_INVALID',
    details: { misplaced: ['003-more.sql'] },
  })
  expect(await schema.admin('SHOW TABLES')).toEqual([])
})

test('counts the versions of each component by themselves', async () => {
  await write('001-items.sql', 'CREATE TABLE IF NOT EXISTS items (id INT)')
  const both = [
    { component: 'a', folder },
    { component: 'b', folder },
  ]
  expect(await applyMigrations(schema.url, both)).toEqual(['001-items.sql', '001-items.sql'])
})

test('says which database lets nobody in, without its password', async () => {
  await write('001-items.sql', 'SELECT 1')
  const url = schema.url.replace(/:[^:@/]+@/, ':wrong-hunter2@')
  const refused = await applyMigrations(url, [{ component: 'shop', folder }]).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringContaining(schema.name),
  })
  expect(String(refused)).not.toContain('hunter2')
})
