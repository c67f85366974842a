import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createBinlogSource } from '../cdc/binlog-source.ts'
import type { Change } from '../cdc/change.ts'
import { advance, covers, formatPosition, parseGtid, parsePosition } from '../cdc/gtid-position.ts'
import { replicaId } from '../cdc/replica-id.ts'
import { readServerPosition } from '../cdc/signal-table.ts'
import { connectToolkit, type Database, schemaOf } from '../data/database.ts'
import { literal } from '../data/sql-text.ts'
import type { Observed } from './writer-observer.ts'
import { type Past, shapeKey, type WriteEvent, type WriteShape } from './written.ts'

/** What the binlog tells, and from when on. `complete`: up to the moment it was asked. */
export type PastWrites = { since: string | null; complete: boolean; writes: Past[] }

const newestBytes = 256 * 1_024 * 1_024
const events: Partial<Record<Change['op'], WriteEvent>> = { c: 'insert', u: 'update', d: 'delete' }

/**
 * How the tables were written lately, from the server's own record: also by what runs once a night. A change of a table's
 * definition on the way begins the count anew, since older rows are not of the mapping's columns.
 * @param signal ends the reading; what was read until then is answered
 */
export async function pastWrites(
  database: Database,
  observed: Observed,
  signal: AbortSignal,
): Promise<PastWrites> {
  const schema = schemaOf(database)
  const captured = new Map([[schema, new Map(observed.tables.map(({ table, columns }) => [table, columns]))]])
  const serverId = replicaId(`writers ${observed.capability}`)
  const source = createBinlogSource({ database, captured, serverId })
  const connection = await connectToolkit(database)
  let from: string
  let end: string
  try {
    from = await oldestPosition(connection)
    end = await readServerPosition(connection)
  } finally {
    await connection.end()
  }
  for (;;) {
    const found = collect()
    try {
      if (covers(parsePosition(from), parsePosition(end))) return found.answer(true)
      for await (const transaction of source.read(from, signal)) {
        found.add(transaction.ts_ms, transaction.changes)
        if (transaction.complete && covers(parsePosition(transaction.position), parsePosition(end)))
          return found.answer(true)
      }
      return found.answer(false)
    } catch (error) {
      const gtid = passableGtid(error)
      if (gtid === undefined) throw error
      from = formatPosition(advance(parsePosition(from), parseGtid(gtid)))
    }
  }
}

/** The transaction that the reading stopped at, where the rows before it no longer count. */
function passableGtid(error: unknown): string | undefined {
  const passable = ['SOURCE_SCHEMA_CHANGED', 'SOURCE_TRUNCATED', 'SOURCE_STATEMENT', 'SOURCE_XA']
  if (!isToolkitError(error) || !passable.includes(error.code)) return undefined
  const { gtid } = error.details
  return typeof gtid === 'string' ? gtid : undefined
}

/** Where the newest files of the binlog begin: a file's second event lists what came before it. */
async function oldestPosition(connection: Connection): Promise<string> {
  const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS')
  let bytes = 0
  const newest = files.toReversed().filter(({ File_size: size }) => {
    bytes += Number(size)
    return bytes <= newestBytes
  })
  const first = String((newest.at(-1) ?? files.at(-1))?.Log_name)
  const [head] = await connection.query<RowDataPacket[]>(`SHOW BINLOG EVENTS IN ${literal(first)} LIMIT 3`)
  const list = String(head.find(({ Event_type: type }) => type === 'Gtid_list')?.Info ?? '[]')
  return list.replace(/[[\]\s]/g, '')
}

function collect() {
  const found = new Map<string, Past>()
  let since: string | null = null
  return {
    add: (ms: number, changes: readonly Change[]) => {
      const at = new Date(ms).toISOString()
      since ??= at
      for (const change of changes) {
        const shape = shapeOf(change)
        if (shape === undefined) continue
        const known = found.get(shapeKey(shape))
        if (known === undefined) found.set(shapeKey(shape), { ...shape, rows: 1, firstAt: at, lastAt: at })
        else Object.assign(known, { rows: known.rows + 1, lastAt: at })
      }
    },
    answer: (complete: boolean): PastWrites => ({ since, complete, writes: [...found.values()] }),
  }
}

function shapeOf({ op, before, after, source: { table } }: Change): WriteShape | undefined {
  const event = events[op]
  if (event === undefined) return undefined
  const differs = (column: string) => {
    const [one, other] = [before?.[column], after?.[column]]
    return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? !one.equals(other) : one !== other
  }
  return { table, event, columns: event === 'update' ? Object.keys(after ?? {}).filter(differs) : [] }
}
