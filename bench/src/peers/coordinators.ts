import { applyMigrations } from '@strangler/chassis/database/apply-migrations.ts'
import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { type Session, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { runSagas, startSaga } from '@strangler/chassis/saga/run-sagas.ts'
import { defineSaga, type Saga } from '@strangler/chassis/saga/saga.ts'
import { sagaMigrations } from '@strangler/chassis/saga/saga-rows.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { type Connection, createConnection } from 'mysql2/promise'

/** Carries out orders that take credit in one database and stock in another: both, or neither in the end. */
export type Coordinator = {
  order(id: string): Promise<void>
  /** Goes as far as one step before the end, and stays there: the database of either side has its part. */
  half(id: string): Promise<void>
  close(): Promise<void>
}

/** Names the branches of the experiment among those that others may have prepared on the server. */
export const branchPrefix = 'strangler-experiment-'

const sides = {
  left: 'UPDATE credit SET used = used + 1 WHERE customer = 1',
  right: "UPDATE stock SET quantity = quantity - 1 WHERE sku = 'TEA'",
} as const

/** Two-phase commit by XA: nothing is committed before both sides have said that they can. */
export async function twoPhaseCoordinator(leftUrl: string, rightUrl: string): Promise<Coordinator> {
  const [left, right] = await Promise.all([leftUrl, rightUrl].map(uri => createConnection({ uri })))
  const prepare = async (connection: Connection, id: string, side: keyof typeof sides) => {
    const branch = `'${branchPrefix}${id}','${side}'`
    await connection.query(`XA START ${branch}`)
    await connection.query(sides[side])
    await connection.query(`XA END ${branch}`)
    await connection.query(`XA PREPARE ${branch}`)
    return branch
  }
  const prepareBoth = async (id: string) => [
    await prepare(left!, id, 'left'),
    await prepare(right!, id, 'right'),
  ]
  return {
    order: async id => {
      const [one, other] = await prepareBoth(id)
      await left!.query(`XA COMMIT ${one}`)
      await right!.query(`XA COMMIT ${other}`)
    },
    half: async id => void (await prepareBoth(id)),
    close: async () => {
      await left!.end()
      await right!.end()
    },
  }
}

type Order = { id: string; half: boolean }

/** A saga: each side commits its own part, and what has to be done next is a row that any process can go on with. */
export async function sagaCoordinator(
  leftUrl: string,
  rightUrl: string,
  { clock, log }: { clock: Clock; log: Log },
): Promise<Coordinator> {
  await applyMigrations(leftUrl, [sagaMigrations])
  const [left, right] = [createDatabasePool(leftUrl), createDatabasePool(rightUrl)]
  const told = new Map<string, () => void>()
  const stop = new AbortController()
  const take = (session: Session, table: 'credit' | 'stock', id: string, statement: string) =>
    session
      .run(`INSERT IGNORE INTO ${table}_taken (order_id) VALUES (?)`, [id])
      .then(({ affectedRows }) => (affectedRows === 1 ? session.run(statement) : undefined))
  const saga: Saga<Order> = defineSaga<Order>({
    name: 'experiment',
    withinMs: 60_000,
    steps: [
      {
        name: 'credit',
        kind: 'pivot',
        withinMs: 60_000,
        apply: async (session, { id }) => {
          await take(session, 'credit', id, sides.left)
          return { done: true }
        },
      },
      {
        name: 'stock',
        kind: 'retriable',
        withinMs: 60_000,
        act: async ({ id, half }, { signal }) => {
          // The process that goes on with it has not been told to stay half-way.
          if (half && told.has(id)) {
            told.get(id)?.()
            await clock.sleep(60_000, AbortSignal.any([signal, stop.signal]))
          }
          await withTransaction(right, session => take(session, 'stock', id, sides.right))
          return { done: true }
        },
      },
    ],
  })
  const runner = runSagas({
    pool: left,
    clock,
    log,
    sagas: [saga as Saga<unknown>],
    attemptMs: 10_000,
    leaseMs: 1_000,
    pollMs: 50,
    onStep: (_name, id, step) => {
      if (step === 'stock') told.get(id)?.()
    },
  })
  const begin = async (id: string, half: boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    told.set(id, resolve)
    await withTransaction(left, session => startSaga(session, saga, id, { id, half }, { now: clock.now() }))
    runner.wake()
    await promise
    if (!half) told.delete(id)
  }
  return {
    order: id => begin(id, false),
    half: id => begin(id, true),
    close: async () => {
      stop.abort()
      await runner.close()
      await closeDatabasePool(left)
      await closeDatabasePool(right)
    },
  }
}
