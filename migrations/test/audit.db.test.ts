import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { type Audit, createAudit, firstHash } from '../src/journal/audit.ts'
import { makeControlSchema, type TestSchema } from './control-schema-kit.ts'

jest.setTimeout(60_000)

let schema: TestSchema
let audit: Audit

beforeAll(async () => {
  schema = await makeControlSchema(process.env.STRANGLER_TEST_DB!)
  audit = createAudit(schema.pool, () => new Date())
})
beforeEach(async () => {
  await schema.pool.query('DELETE FROM audit')
  await schema.pool.query("UPDATE audit_head SET seq = 0, hash = REPEAT('0', 64)")
})
afterAll(() => schema.drop())

const deed = (reason: string) => ({
  operator: 'änn ☕',
  verb: 'stage',
  capability: 'customers',
  reason,
  details: { percent: 10, nothing: undefined, text: '…' },
})

test('entries are chained, and the newest is read first', async () => {
  const first = await audit.append(deed('one'))
  const second = await audit.append(deed('two'))
  expect(first.previous).toBe(firstHash)
  expect(second).toMatchObject({ seq: 2, previous: first.hash })
  expect(await audit.last(10)).toEqual([second, first])
  expect(await audit.verify()).toBeUndefined()
})

test('appends that race form one chain', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => audit.append(deed(`race ${index}`))))
  expect((await audit.last(100)).map(({ seq }) => seq)).toEqual(
    Array.from({ length: 20 }, (_, at) => 20 - at),
  )
  expect(await audit.verify()).toBeUndefined()
})

test.each([
  ['edited', "UPDATE audit SET reason = 'nothing to see' WHERE seq = 2", { seq: 2, reason: 'changed' }],
  ['deleted', 'DELETE FROM audit WHERE seq = 2', { seq: 2, reason: 'missing' }],
  ['cut off', 'DELETE FROM audit WHERE seq = 3', { seq: 3, reason: 'cut off' }],
])('an entry that was %s is found', async (_what, sql, found) => {
  for (const reason of ['one', 'two', 'three']) await audit.append(deed(reason))
  await schema.pool.query(sql)
  expect(await audit.verify()).toEqual(found)
})
