import { expect, test } from '@jest/globals'
import type { Connection } from 'mysql2/promise'
import { createApplier } from '../src/cdc/applier.ts'
import type { Transaction } from '../src/cdc/change.ts'

const held = { controlSchema: 'c', capability: 'x', direction: 'forward', epoch: 1, holder: 'me' } as const
const stored = { epoch: 1, holder: 'me', position: '0-1-1', cursor: null, connection_id: 1 }

/** A session that answers what an applier asks; `fails` is asked before each write of the signals' table. */
function session(fails: () => boolean) {
  const said: string[] = []
  const query = async (sql: string) => {
    const [verb = ''] = sql.trim().split(/\s+/)
    said.push(verb)
    if (sql.includes('FOR UPDATE')) return [[stored]]
    if (sql.includes('applied_signal') && fails())
      throw Object.assign(new Error('Deadlock found when trying to get lock'), { errno: 1213 })
    return [{ affectedRows: 1 }]
  }
  return { connection: { query } as unknown as Connection, said }
}

const signal: Transaction = {
  gtid: '0-1-2',
  ts_ms: 0,
  complete: true,
  position: '0-1-2',
  changes: [
    {
      op: 'c',
      before: null,
      after: {
        id: 's',
        side: 'legacy',
        capability: 'x',
        kind: 'fence',
        epoch: 1,
        at: '2024-01-01 00:00:00.000',
      },
      source: { db: 'c', table: 'signal', gtid: '0-1-2', server_id: 1, ts_ms: 0 },
      order: 1,
    },
  ],
}

const applierOn = (connection: Connection) =>
  createApplier({
    connection,
    held,
    tables: new Map(),
    targets: [],
    signals: 'c.signal',
    settledAt: new Map(),
    mayAwaitRow: () => true,
  })

test('a transaction that the server ended for a deadlock is done again, whole, and nobody is told', async () => {
  let times = 0
  const { connection, said } = session(() => ++times <= 2)
  const applied = await applierOn(connection).apply([signal], false)
  expect(applied.signals.map(({ id }) => id)).toEqual(['s'])
  expect(said.filter(verb => verb === 'START')).toHaveLength(3)
  expect(said.filter(verb => verb === 'ROLLBACK')).toHaveLength(2)
  expect(said.filter(verb => verb === 'COMMIT')).toHaveLength(1)
})

test('one that meets deadlocks again and again is told of', async () => {
  const { connection } = session(() => true)
  await expect(applierOn(connection).apply([signal], false)).rejects.toMatchObject({ errno: 1213 })
})

test('a part of a transaction is not done again by itself: what came before it is rolled back, too', async () => {
  let times = 0
  const { connection, said } = session(() => ++times === 2)
  const applier = applierOn(connection)
  await applier.apply([{ ...signal, complete: false }], false)
  await expect(applier.apply([signal], false)).rejects.toMatchObject({ errno: 1213 })
  expect(said.filter(verb => verb === 'START')).toHaveLength(1)
})
