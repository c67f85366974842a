import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { takeLease } from '../src/journal/lease.ts'
import { makeControlSchema, type TestSchema } from './control-schema-kit.ts'

jest.setTimeout(60_000)

let schema: TestSchema

beforeAll(async () => {
  schema = await makeControlSchema(process.env.STRANGLER_TEST_DB!)
})
afterAll(() => schema.drop())

test('the second operator is told who holds the lease, and gets it after the release', async () => {
  const ann = await takeLease(schema.connect, 'told', 'ann (cutover)')
  await expect(takeLease(schema.connect, 'told', 'bob (rollback)')).rejects.toMatchObject({
    code: 'LEASE_HELD',
    details: { holder: 'ann (cutover)' },
  })
  await ann.release()
  const bob = await takeLease(schema.connect, 'told', 'bob (rollback)')
  expect(bob.token).toBe(ann.token + 1)
  await bob.release()
})

test('of many that ask at once, one gets it', async () => {
  const asked = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) => takeLease(schema.connect, 'race', `operator ${index}`)),
  )
  const won = asked.filter(({ status }) => status === 'fulfilled')
  expect(won).toHaveLength(1)
  for (const answer of asked)
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'LEASE_HELD' })
    else await answer.value.release()
})

test('a holder that is killed loses the lease at once, however long it was good for', async () => {
  let connection: Connection | undefined
  const dead = await takeLease(
    async () => {
      connection = await schema.connect()
      return connection
    },
    'killed',
    'ann',
    600_000,
  )
  connection!.destroy()
  await delay(50)
  const next = await takeLease(schema.connect, 'killed', 'bob')
  expect(next.token).toBe(dead.token + 1)
  await next.release()
})

test('a holder that hangs past its end is displaced, and learns of it', async () => {
  const hung = await takeLease(schema.connect, 'hung', 'ann', 600_000)
  await schema.pool.query(
    "UPDATE lease SET until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE capability = 'hung'",
  )
  const next = await takeLease(schema.connect, 'hung', 'bob')
  await delay(50)
  expect(hung.lost.aborted).toBe(true)
  expect(hung.lost.reason).toMatchObject({ code: 'LEASE_LOST' })
  expect(next.lost.aborted).toBe(false)
  await next.release()
  await hung.release()
})

test('a held lease is renewed for as long as it is held', async () => {
  const lease = await takeLease(schema.connect, 'renewed', 'ann', 300)
  await delay(900)
  expect(lease.lost.aborted).toBe(false)
  await expect(takeLease(schema.connect, 'renewed', 'bob')).rejects.toMatchObject({ code: 'LEASE_HELD' })
  await lease.release()
})

test('a lease of one capability does not keep another from being changed', async () => {
  const one = await takeLease(schema.connect, 'one', 'ann')
  const other = await takeLease(schema.connect, 'other', 'bob')
  await one.release()
  await other.release()
})
