import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { applierUser, connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { errorNumber } from '../data/database-error.ts'
import { literal, qualified } from '../data/sql-text.ts'
import { stale } from './checkpoint.ts'
import { restoreDrop, revokeDrop } from './drop-right.ts'
import {
  eventsOf,
  type FenceEvent,
  type FenceScopes,
  fenceEvents,
  touchesGuarded,
  triggerName,
} from './fence-scope.ts'
import { timeout, waitForLocksAtMost } from './write-barrier.ts'

export type Fence = {
  capability: string
  /** Who is written instead: goes into the refusal's text. */
  writtenOn: 'legacy' | 'extracted'
  epoch: number
  /** Unqualified tables of the fenced database. */
  tables: readonly string[]
  /** Of the tables that belong to the capability in part only. */
  scopes?: FenceScopes
  /** How long each statement may wait for transactions that hold a table; whole seconds on the server, at least 1. */
  lockWaitMs: number
}

export type RaisedFence = {
  /** Accounts that lost DROP (hence TRUNCATE) on the schema until the fence is lowered. */
  revoked: readonly string[]
  /** Accounts that keep it: a global right, or one the toolkit may not take back. */
  notRevoked: readonly string[]
}

export type FenceState = {
  table: string
  /** Null: no fence. */
  epoch: number | null
  /** Whether all its triggers stand, with this epoch. */
  complete: boolean
}

/** MariaDB refuses longer names. */
const longestName = 64
const lockWaitTimeout = 1205

/**
 * Makes every account but the applier's unable to insert, update or delete in the tables; waits for transactions that
 * have touched them, since each trigger takes its table's exclusive metadata lock. Repeating it is fine; a higher epoch
 * replaces a lower one. On failure the triggers of this call are taken back.
 *
 * Triggers do not see TRUNCATE, so DROP is revoked too. A session keeps the schema rights it connected with: one that is
 * open may still truncate, which stops the sync (`SOURCE_TRUNCATED`) and is found by a verification.
 * The triggers of others are left as they are.
 * @throws ToolkitError FENCE_TIMEOUT (with the transactions in the way), EPOCH_STALE, FENCE_NAME_TOO_LONG
 */
export async function raiseFence(database: Database, fence: Fence): Promise<RaisedFence> {
  for (const table of fence.tables) requireName(fence, table)
  const created: string[] = []
  const connection = await connectToolkit(database)
  try {
    const standing = await readTriggers(connection, database)
    requireEpoch(fence, standing)
    await eachTable(database, fence, async (session, table, name, event) => {
      if (standing.get(name) === fence.epoch) return
      const touched = await touchesGuarded(session, schemaOf(database), table, fence.scopes?.get(table))
      await session.query(triggerDefinition(database, fence, table, event, touched))
      if (!standing.has(name)) created.push(name)
    })
    return await revokeDrop(connection, database, fence.capability, fence.tables)
  } catch (error) {
    for (const name of created)
      await connection.query(`DROP TRIGGER IF EXISTS ${qualified(schemaOf(database), name)}`).catch(() => {})
    throw await explained(error, connection, database, fence)
  } finally {
    connection.destroy()
  }
}

/**
 * Takes the fence away and gives DROP back. Repeating it is fine.
 * @throws ToolkitError EPOCH_STALE when a fence of a higher epoch stands, FENCE_TIMEOUT
 */
export async function lowerFence(
  database: Database,
  fence: Pick<Fence, 'capability' | 'epoch' | 'tables' | 'scopes' | 'lockWaitMs'>,
): Promise<void> {
  const connection = await connectToolkit(database)
  try {
    const standing = await readTriggers(connection, database)
    requireEpoch(fence, standing)
    await eachTable(database, fence, async (session, _table, name) => {
      if (standing.has(name))
        await session.query(`DROP TRIGGER IF EXISTS ${qualified(schemaOf(database), name)}`)
    })
    await restoreDrop(connection, database, fence.capability)
  } catch (error) {
    throw await explained(error, connection, database, fence)
  } finally {
    connection.destroy()
  }
}

/** The three triggers of each table in turn, the tables side by side: each is a data definition that waits for the disk. */
async function eachTable(
  database: Database,
  fence: Pick<Fence, 'capability' | 'tables' | 'scopes' | 'lockWaitMs'>,
  act: (session: Connection, table: string, name: string, event: FenceEvent) => Promise<void>,
): Promise<void> {
  const acting = fence.tables.map(async table => {
    const session = await connectToolkit(database)
    try {
      await waitForLocksAtMost(session, fence.lockWaitMs)
      for (const event of eventsOf(fence.scopes?.get(table)))
        await act(session, table, nameOf(fence, event, table), event)
    } finally {
      session.destroy()
    }
  })
  const outcomes = await Promise.allSettled(acting)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function explained(
  error: unknown,
  connection: Connection,
  database: Database,
  { lockWaitMs }: Pick<Fence, 'lockWaitMs'>,
): Promise<unknown> {
  return errorNumber(error) === lockWaitTimeout
    ? timeout('FENCE_TIMEOUT', connection, database, lockWaitMs, error)
    : error
}

/** @param part what of the tables belongs to a capability, where that is not the whole of them */
export async function inspectFence(
  database: Database,
  tables: readonly string[],
  part?: Pick<Fence, 'capability' | 'scopes'>,
): Promise<FenceState[]> {
  const connection = await connectToolkit(database)
  try {
    const standing = await readTriggers(connection, database)
    return tables.map(table => {
      const fence = part ?? { capability: '' }
      const found = eventsOf(fence.scopes?.get(table)).map(event => standing.get(nameOf(fence, event, table)))
      const epochs = found.filter(epoch => epoch !== undefined)
      const epoch = epochs.length === 0 ? null : Math.max(...epochs)
      return { table, epoch, complete: epoch !== null && found.every(each => each === epoch) }
    })
  } finally {
    connection.destroy()
  }
}

function nameOf(
  { capability, scopes }: Pick<Fence, 'capability' | 'scopes'>,
  event: FenceEvent,
  table: string,
): string {
  return triggerName('strangler_fence', event, table, capability, scopes?.get(table))
}

function requireName(fence: Fence, table: string): void {
  const rest = nameOf(fence, 'upd', table).length - table.length
  if (rest + table.length > longestName)
    throw new ToolkitError(
      'FENCE_NAME_TOO_LONG',
      `table name ${table} leaves no room for the fence's trigger name`,
      {
        details: { longest: longestName - rest },
      },
    )
}

/**
 * Inside a trigger CURRENT_USER() is its definer, so the session's own USER() is asked.
 * @param touched of an update: whether it touches what is guarded
 */
function triggerDefinition(
  database: Database,
  fence: Fence,
  table: string,
  event: FenceEvent,
  touched: string | undefined,
): string {
  const schema = schemaOf(database)
  const message = `STRANGLER-FENCE capability ${fence.capability} is written on the ${fence.writtenOn} side, epoch ${fence.epoch}`
  const also = event === 'upd' && touched !== undefined ? ` AND ${touched}` : ''
  return `CREATE OR REPLACE TRIGGER ${qualified(schema, nameOf(fence, event, table))}
    BEFORE ${fenceEvents[event]} ON ${qualified(schema, table)} FOR EACH ROW
    BEGIN
      IF SUBSTRING_INDEX(USER(), '@', 1) <> ${literal(applierUser(database))}${also} THEN
        SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT = ${literal(message)};
      END IF;
    END`
}

/** Epoch of each of the fence's triggers, by name. */
async function readTriggers(connection: Connection, database: Database): Promise<Map<string, number>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT TRIGGER_NAME name, ACTION_STATEMENT body FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME LIKE 'strangler\\_fence\\_%'`,
    [schemaOf(database)],
  )
  return new Map(
    rows.map(row => [
      row.name,
      Number(/STRANGLER-FENCE capability .* side, epoch (\d+)/.exec(row.body)?.[1] ?? 0),
    ]),
  )
}

function requireEpoch(
  fence: Pick<Fence, 'capability' | 'epoch' | 'tables' | 'scopes'>,
  standing: ReadonlyMap<string, number>,
): void {
  for (const table of fence.tables)
    for (const event of eventsOf(fence.scopes?.get(table))) {
      const seen = standing.get(nameOf(fence, event, table))
      if (seen !== undefined && seen > fence.epoch) throw stale(fence, seen)
    }
}
