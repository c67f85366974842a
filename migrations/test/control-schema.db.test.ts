import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createEvidence } from '../src/journal/evidence.ts'
import { installControlSchema } from '../src/journal/install-control-schema.ts'
import { takeLease } from '../src/journal/lease.ts'
import { openControlSchema } from '../src/journal/open-control-schema.ts'
import { makeControlSchema, type TestSchema } from './control-schema-kit.ts'

jest.setTimeout(60_000)

let schema: TestSchema
const folder = join(import.meta.dirname, '..', 'sql')

beforeAll(async () => {
  schema = await makeControlSchema(process.env.STRANGLER_TEST_DB!)
})
afterAll(() => schema.drop())

test('two engines that start at once install the schema once', async () => {
  const opened = await Promise.all([
    openControlSchema(schema.url, folder),
    openControlSchema(schema.url, folder),
  ])
  for (const control of opened) {
    expect(await control.problems()).toEqual([])
    await control.close()
  }
})

test('a schema of a later version, or an edited file, is refused', async () => {
  const older = await mkdtemp(join(tmpdir(), 'sql-'))
  const connection = await schema.connect()
  try {
    await expect(installControlSchema(connection, older)).rejects.toMatchObject({ code: 'SCHEMA_NEWER' })
    await cp(join(import.meta.dirname, '..', 'sql'), older, { recursive: true })
    await writeFile(join(older, '001-journal.sql'), 'CREATE TABLE something_else (id INT);')
    await expect(installControlSchema(connection, older)).rejects.toMatchObject({ code: 'SCHEMA_CHANGED' })
  } finally {
    await connection.end()
    await rm(older, { recursive: true })
  }
})

test('evidence answers with its age by the clock of the server', async () => {
  const evidence = createEvidence(schema.pool)
  expect(await evidence.lastVerification('customers')).toBeUndefined()
  expect(await evidence.lastDrill('customers')).toBeUndefined()
  await evidence.addVerification('customers', { ok: false, rows: 5, diverged: 2, details: {} })
  await evidence.addVerification('customers', { ok: true, rows: 7, diverged: 0, details: {} })
  await schema.pool.query('UPDATE verification SET at = UTC_TIMESTAMP(6) - INTERVAL 90 SECOND')
  await evidence.addDrill('customers', true, { ok: true, seed: 7 })
  const verification = await evidence.lastVerification('customers')
  expect(verification).toMatchObject({ ok: true, rows: 7 })
  expect(verification!.ageMs).toBeGreaterThan(89_000)
  expect(verification!.ageMs).toBeLessThan(120_000)
  expect(await evidence.lastDrill('customers')).toMatchObject({ ok: true, result: { seed: 7 } })
})

test('a drill under way is told from one that was interrupted, and the one before it is shown', async () => {
  const evidence = createEvidence(schema.pool)
  const capability = 'under-way'
  await evidence.addDrill(capability, true, { seed: 1 })
  await evidence.addDrill(capability, false, { ok: false, running: true, seed: 2 })
  const lease = await takeLease(schema.connect, capability, 'ann (drill)')
  expect(await evidence.shownDrill(capability)).toMatchObject({
    underWay: true,
    last: { ok: true, result: { seed: 1 } },
  })
  await lease.release()
  expect(await evidence.shownDrill(capability)).toMatchObject({
    underWay: false,
    last: { ok: false, result: { seed: 2 } },
  })
  // For the gate only what has ended well counts.
  expect(await evidence.lastDrill(capability)).toMatchObject({ ok: false })
})
