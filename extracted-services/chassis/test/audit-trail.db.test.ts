import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Pool } from 'mysql2/promise'
import { changesBetween, isIntact } from '../src/audit/audit-entry.ts'
import { addAuditEntry, auditMigrations, readAuditTrail } from '../src/audit/audit-trail.ts'
import { applyMigrations } from '../src/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '../src/database/create-database-pool.ts'
import { withSession, withTransaction } from '../src/database/with-transaction.ts'
import { createTestSchema, type TestSchema } from '../src/test-support/test-schema.ts'

let schema: TestSchema
let pool: Pool

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
  await applyMigrations(schema.url, [auditMigrations])
  pool = createDatabasePool(schema.url)
})

afterAll(async () => {
  await closeDatabasePool(pool)
  await schema.drop()
})

const act = (
  subject: string,
  changes = changesBetween({ limit: '1.00', name: 'Zoë 🦊' }, { limit: '2.00', name: 'Zoë 🦊' }),
) => ({
  subject,
  action: 'change-limit',
  actor: 'ann',
  traceparent: null,
  changes,
  at: '2024-02-29T12:00:00Z',
})
const trailOf = (subject: string) => withSession(pool, session => readAuditTrail(session, subject))

async function three(subject: string): Promise<void> {
  for (let n = 0; n < 3; n++) await withTransaction(pool, session => addAuditEntry(session, act(subject)))
}

test('keeps what was done to each subject in its order, and knows that nobody has touched it', async () => {
  await three('customer-1')
  await three('customer-2')
  const trail = await trailOf('customer-1')
  expect(trail.map(({ number }) => number)).toEqual([1, 2, 3])
  expect(trail[0]).toMatchObject({
    changes: { limit: { from: '1.00', to: '2.00' } },
    at: '2024-02-29T12:00:00.000Z',
  })
  expect([isIntact(trail), isIntact([])]).toEqual([true, true])
})

test.each([
  ['is changed', "UPDATE audit_entries SET actor = 'bob' WHERE subject = ? AND entry_no = 2"],
  [
    'is moved in time',
    'UPDATE audit_entries SET recorded_at = recorded_at + INTERVAL 1 DAY WHERE subject = ? AND entry_no = 1',
  ],
  ['is removed', 'DELETE FROM audit_entries WHERE subject = ? AND entry_no = 2'],
])('knows when an entry %s', async (how, statement) => {
  const subject = `customer-${how.replaceAll(' ', '-')}`
  await three(subject)
  await withSession(pool, session => session.run(statement, [subject]))
  expect(isIntact(await trailOf(subject))).toBe(false)
})

test('keeps no entry of a change that was rolled back', async () => {
  await expect(
    withTransaction(pool, async session => {
      await addAuditEntry(session, act('customer-9'))
      throw new Error('not done')
    }),
  ).rejects.toThrow('not done')
  expect(await trailOf('customer-9')).toEqual([])
})
