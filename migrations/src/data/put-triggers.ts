import type { Connection, RowDataPacket } from 'mysql2/promise'
import { identifier, qualified } from './sql-text.ts'

export type TriggerSpec = {
  name: string
  timing: 'BEFORE' | 'AFTER'
  event: 'INSERT' | 'UPDATE' | 'DELETE'
  /** What stands behind FOR EACH ROW. */
  body: string
}

/**
 * Puts triggers up on one table that clients write all the time; waits for transactions that have touched it, as long as
 * the session's `lock_wait_timeout` allows. Repeating it is fine.
 *
 * MariaDB prepares a client's statement again when the first trigger of its event is younger than the statement, and a
 * trigger is as old as the statement that began to create it, however long that waited. Where either is not so, a trigger
 * that reads a table fails with 1146 in the client's statement. So the wait is done before, by a lock, and ours precede
 * all others.
 */
export async function putTriggers(
  session: Connection,
  schema: string,
  table: string,
  triggers: readonly TriggerSpec[],
): Promise<void> {
  const ours = triggers.map(({ name }) => name)
  const statements: string[] = []
  for (const trigger of triggers) {
    const other = await firstOther(session, schema, table, trigger, ours)
    statements.push(
      `CREATE OR REPLACE TRIGGER ${qualified(schema, trigger.name)} ${trigger.timing} ${trigger.event}
       ON ${qualified(schema, table)} FOR EACH ROW ${other === undefined ? '' : `PRECEDES ${identifier(other)}`}
       ${trigger.body}`,
    )
  }
  await session.query(`LOCK TABLES ${qualified(schema, table)} WRITE`)
  for (const statement of statements) await session.query(statement)
  await session.query('UNLOCK TABLES')
}

async function firstOther(
  session: Connection,
  schema: string,
  table: string,
  { timing, event }: TriggerSpec,
  ours: readonly string[],
): Promise<string | undefined> {
  const [rows] = await session.query<RowDataPacket[]>(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
      WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? AND EVENT_MANIPULATION = ? AND ACTION_TIMING = ?
      ORDER BY ACTION_ORDER`,
    [schema, table, event, timing],
  )
  return rows.map(({ name }) => String(name)).find(name => !ours.includes(name))
}
