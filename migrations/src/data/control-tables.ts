import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from './database.ts'

/**
 * Creates on that server what sync, backfill and fence keep there (the files `sql/1*.sql`). Safe to repeat and to race.
 * Call it for both sides' databases, also when they are one server.
 */
export async function installControlTables(_database: Database): Promise<void> {
  throw new ToolkitError('NOT_YET', 'installControlTables is being written')
}
