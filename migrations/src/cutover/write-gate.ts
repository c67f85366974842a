import type { Connection, RowDataPacket } from 'mysql2/promise'
import { stale } from '../cdc/checkpoint.ts'
import type { Fence } from '../cdc/fence.ts'
import { eventsOf, type FenceEvent, fenceEvents, touchesGuarded, triggerName } from '../cdc/fence-scope.ts'
import { timeout, waitForLocksAtMost } from '../cdc/write-barrier.ts'
import { applierUser, connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { errorNumber } from '../data/database-error.ts'
import { putTriggers, type TriggerSpec } from '../data/put-triggers.ts'
import { identifier, literal, qualified } from '../data/sql-text.ts'

/**
 * A fence that opens and closes with one row instead of six data definitions, so that the hold does not wait for these.
 * Its triggers stand only while a cutover or rollback runs; before and after, the fence stands.
 */
const deadlock = 1213
const lockWait = 1205
const attempts = 5

/** Puts the triggers up, closed or open as said; waits for transactions that have touched the tables. Repeating it is fine. */
export async function armGate(database: Database, fence: Fence, closed: boolean): Promise<void> {
  await setGate(database, fence, closed)
  await eachTable(database, fence, async (session, table, events) => {
    const triggers: TriggerSpec[] = []
    for (const event of events) triggers.push(await gateTrigger(session, database, fence, table, event))
    await putTriggers(session, schemaOf(database), table, triggers)
  })
}

/**
 * Opens or closes the gate for everybody but the applier. Each write of the tables holds the gate's row shared until its
 * transaction ends, so closing also waits for those that were let pass.
 * @throws ToolkitError EPOCH_STALE, FENCE_TIMEOUT with the transactions in the way
 */
export async function setGate(database: Database, fence: Fence, closed: boolean): Promise<void> {
  const connection = await connectToolkit(database)
  const gate = `${identifier(database.controlSchema)}.write_gate`
  const key = [fence.capability, schemaOf(database)]
  try {
    const seconds = Math.max(1, Math.ceil(fence.lockWaitMs / 1_000))
    await connection.query(`SET innodb_lock_wait_timeout = ${seconds}`)
    await again(() =>
      connection.query(
        `INSERT INTO ${gate} (capability, schema_name, epoch, closed) VALUES (?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE closed = IF(epoch <= VALUES(epoch), VALUES(closed), closed),
                                 epoch = GREATEST(epoch, VALUES(epoch))`,
        [...key, fence.epoch, closed],
      ),
    )
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT epoch FROM ${gate} WHERE capability = ? AND schema_name = ?`,
      key,
    )
    const seen = Number(rows[0]!.epoch)
    if (seen > fence.epoch) throw stale(fence, seen)
  } catch (error) {
    if (errorNumber(error) !== lockWait) throw error
    throw await timeout('FENCE_TIMEOUT', connection, database, fence.lockWaitMs, error)
  } finally {
    connection.destroy()
  }
}

/** Takes the triggers down. Repeating it is fine. */
export async function disarmGate(
  database: Database,
  fence: Pick<Fence, 'capability' | 'tables' | 'scopes' | 'lockWaitMs'>,
): Promise<void> {
  await eachTable(database, fence, async (session, table, events) => {
    for (const event of events)
      await session.query(
        `DROP TRIGGER IF EXISTS ${qualified(schemaOf(database), nameOf(fence, event, table))}`,
      )
  })
}

/** A transaction that waits for others while they wait for the gate is a deadlock; the gate's is the one that is ended. */
async function again(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work()
      return
    } catch (error) {
      if (errorNumber(error) !== deadlock || attempt === attempts) throw error
    }
  }
}

/**
 * One table after the other, since writes flow: two data definitions that wait at once can close a circle of clients'
 * transactions, and the server then ends one of these.
 */
async function eachTable(
  database: Database,
  fence: Pick<Fence, 'tables' | 'scopes' | 'lockWaitMs'>,
  act: (session: Connection, table: string, events: readonly FenceEvent[]) => Promise<void>,
): Promise<void> {
  const session = await connectToolkit(database)
  try {
    await waitForLocksAtMost(session, fence.lockWaitMs)
    for (const table of fence.tables) await act(session, table, eventsOf(fence.scopes?.get(table)))
  } catch (error) {
    if (errorNumber(error) !== lockWait) throw error
    throw await timeout('FENCE_TIMEOUT', session, database, fence.lockWaitMs, error)
  } finally {
    session.destroy()
  }
}

/** Shorter than the fence's names, so what the fence can name, the gate can. */
function nameOf(fence: Pick<Fence, 'capability' | 'scopes'>, event: FenceEvent, table: string): string {
  return triggerName('strangler_gate', event, table, fence.capability, fence.scopes?.get(table))
}

/** The locking read sees the gate as it is now, whatever snapshot the writer's transaction reads from. */
async function gateTrigger(
  session: Connection,
  database: Database,
  fence: Fence,
  table: string,
  event: FenceEvent,
): Promise<TriggerSpec> {
  const schema = schemaOf(database)
  const touched = await touchesGuarded(session, schema, table, fence.scopes?.get(table))
  const message = `STRANGLER-FENCE capability ${fence.capability} is written on the ${fence.writtenOn} side, epoch ${fence.epoch}`
  const also = event === 'upd' && touched !== undefined ? ` AND ${touched}` : ''
  const body = `BEGIN
      DECLARE shut BOOLEAN DEFAULT NULL;
      IF SUBSTRING_INDEX(USER(), '@', 1) <> ${literal(applierUser(database))}${also} THEN
        SET shut = (SELECT closed FROM ${identifier(database.controlSchema)}.write_gate
                     WHERE capability = ${literal(fence.capability)} AND schema_name = ${literal(schema)}
                      LOCK IN SHARE MODE);
        IF COALESCE(shut, TRUE) THEN
          SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT = ${literal(message)};
        END IF;
      END IF;
    END`
  return { name: nameOf(fence, event, table), timing: 'BEFORE', event: fenceEvents[event], body }
}
