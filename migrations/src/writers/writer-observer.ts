import type { Connection, RowDataPacket } from 'mysql2/promise'
import { timeout, waitForLocksAtMost } from '../cdc/write-barrier.ts'
import { applierUser, connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { errorNumber } from '../data/database-error.ts'
import { putTriggers, type TriggerSpec } from '../data/put-triggers.ts'
import { identifier, literal, qualified } from '../data/sql-text.ts'
import type { MappedTable } from '../data/table-mapping.ts'
import type { Sighting, WriteEvent } from './written.ts'

/** What is looked at: the tables of a capability in one side's database, with the columns of its mapping. */
export type Observed = {
  capability: string
  tables: readonly Pick<MappedTable, 'table' | 'columns'>[]
}

const events = { ins: 'insert', upd: 'update', del: 'delete' } as const satisfies Record<string, WriteEvent>
type Short = keyof typeof events

const lockWait = 1205
const lockWaitMs = 2_000
const pageRows = 5_000

/**
 * Notes who writes: a server without plugins tells accounts only to a trigger. Each trigger adds one row in the writer's
 * own transaction, and a note that fails never fails the write. Repeating it is fine.
 * @throws ToolkitError FENCE_TIMEOUT with the transactions that hold a table
 */
export async function beginObserving(database: Database, observed: Observed): Promise<void> {
  const session = await connectToolkit(database)
  try {
    await waitForLocksAtMost(session, lockWaitMs)
    // One table after the other, for the reason that `armGate` has.
    for (const table of observed.tables) {
      const shorts = Object.keys(events) as Short[]
      const triggers = shorts.map(short => trigger(database, observed.capability, table, short))
      await putTriggers(session, schemaOf(database), table.table, triggers)
    }
  } catch (error) {
    if (errorNumber(error) !== lockWait) throw error
    throw await timeout('FENCE_TIMEOUT', session, database, lockWaitMs, error)
  } finally {
    session.destroy()
  }
}

/** Takes the triggers down and forgets what was not read. Repeating it is fine, also where nothing stands. */
export async function endObserving(database: Database, { capability, tables }: Observed): Promise<void> {
  if (tables.length === 0) return
  const session = await connectToolkit(database)
  try {
    await waitForLocksAtMost(session, lockWaitMs)
    for (const name of await standing(session, database, tables))
      await session.query(`DROP TRIGGER IF EXISTS ${qualified(schemaOf(database), name)}`)
    await session.query(`DELETE FROM ${store(database)} WHERE capability = ?`, [capability])
  } finally {
    session.destroy()
  }
}

/** What was seen since the last call, taken off the store, by account and way of writing. */
export async function takeSightings(database: Database, { capability }: Observed): Promise<Sighting[]> {
  const session = await connectToolkit(database)
  try {
    const found: Sighting[] = []
    for (;;) {
      const [rows] = await session.query<RowDataPacket[]>(
        `SELECT id, account, table_name, event, columns FROM ${store(database)}
          WHERE capability = ? ORDER BY id LIMIT ${pageRows}`,
        [capability],
      )
      // By id, not up to one: a transaction that began earlier may commit a lower id later.
      if (rows.length > 0)
        await session.query(`DELETE FROM ${store(database)} WHERE id IN (?)`, [rows.map(({ id }) => id)])
      found.push(...rows.map(sighting))
      if (rows.length < pageRows) return found
    }
  } finally {
    session.destroy()
  }
}

function sighting({ account, table_name: table, event, columns }: RowDataPacket): Sighting {
  return { account, table, event, columns: columns === '' ? [] : String(columns).split(','), rows: 1 }
}

async function standing(
  session: Connection,
  database: Database,
  tables: Observed['tables'],
): Promise<string[]> {
  const [rows] = await session.query<RowDataPacket[]>(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = ? AND EVENT_OBJECT_TABLE IN (?) AND TRIGGER_NAME LIKE 'strangler\\_seen\\_%'`,
    [schemaOf(database), tables.map(({ table }) => table)],
  )
  return rows.map(({ name }) => String(name))
}

/** Bytes decide whether a column has changed: a collation may find 'a' equal to 'A'. */
function changedColumns({ columns }: Pick<MappedTable, 'columns'>): string {
  const each = columns.map(column => {
    const name = identifier(column)
    return `IF(BINARY OLD.${name} <=> BINARY NEW.${name}, NULL, ${literal(column)})`
  })
  return `CONCAT_WS(',', ${each.join(', ')})`
}

function trigger(
  database: Database,
  capability: string,
  table: Observed['tables'][number],
  short: Short,
): TriggerSpec {
  const event = events[short]
  const columns = event === 'update' ? changedColumns(table) : "''"
  const body = `BEGIN
      DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
      IF SUBSTRING_INDEX(USER(), '@', 1) <> ${literal(applierUser(database))} THEN
        INSERT INTO ${store(database)} (capability, account, table_name, event, columns)
        VALUES (${literal(capability)}, SUBSTRING_INDEX(USER(), '@', 1), ${literal(table.table)}, ${literal(event)}, ${columns});
      END IF;
    END`
  const name = `strangler_seen_${short}_${table.table}`
  return { name, timing: 'AFTER', event: event.toUpperCase() as Uppercase<WriteEvent>, body }
}

function store(database: Database): string {
  return `${identifier(database.controlSchema)}.writer_sighting`
}
