import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { identifier, qualified } from '../data/sql-text.ts'
import type { MappedTable } from '../data/table-mapping.ts'

/** What became of the stray writes so far. */
export type StrayWrites = { accepted: number; refused: number; lastRefusal: string | null }

/** Somebody who writes to the legacy tables directly, whoever owns them: a batch, a console, another application. */
export type StrayWriter = {
  /** The figures since the last call. */
  take(): StrayWrites
  stop(): Promise<void>
}

const pauseMs = 50

/** Sets the key of one row to itself, again and again: nothing changes, yet every trigger fires. */
export function startStrayWriter(database: Database, table: MappedTable): StrayWriter {
  const column = identifier(table.key[0]!)
  const sql = `UPDATE ${qualified(schemaOf(database), table.table)} SET ${column} = ${column} ORDER BY ${column} LIMIT 1`
  let figures: StrayWrites = { accepted: 0, refused: 0, lastRefusal: null }
  let stopping = false

  async function write(): Promise<void> {
    const connection = await connectToolkit(database)
    try {
      await connection.query('SET innodb_lock_wait_timeout = 1')
      while (!stopping) {
        const counted = figures
        await connection.query(sql).then(
          () => counted.accepted++,
          error => {
            counted.refused++
            counted.lastRefusal = messageOf(error)
          },
        )
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    } finally {
      connection.destroy()
    }
  }

  // A database that is gone ends it: then there is nothing to refuse.
  const ended = write().catch(() => {})
  return {
    take: () => {
      const taken = figures
      figures = { accepted: 0, refused: 0, lastRefusal: null }
      return taken
    },
    stop: async () => {
      stopping = true
      await ended
    },
  }
}
