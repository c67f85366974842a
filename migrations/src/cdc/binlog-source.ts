import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import ZongJi, { type AnyBinlogEvent } from '@vlasky/zongji'
import { connectionOptions, connectToolkit, type Database, origin } from '../data/database.ts'
import { requireTableShape } from '../data/table-shape.ts'
import { createAsyncQueue } from './async-queue.ts'
import type { Transaction } from './change.ts'
import type { CapturedColumns, ChangeSource, OpenSource } from './change-source.ts'
import { rowDecoder } from './column-decoder.ts'
import { replicaId } from './replica-id.ts'
import { type CapturedTable, createTransactionAssembler } from './transaction-assembler.ts'

export type BinlogSourceOptions = {
  database: Database
  captured: CapturedColumns
  /** As a replica's: unique on the server. A second reader with the same id ends the first. */
  serverId: number
}

const includeEvents = [
  'mariadbgtid',
  'query',
  'xid',
  'xaprepare',
  'tablemap',
  'writerows',
  'updaterows',
  'deleterows',
]
/** Changes waiting for the reader at which the socket is paused, and at which it goes on. */
const pauseAt = 8_000
const resumeAt = 2_000
const partSize = 5_000

/** Reads a MariaDB server's binlog as a replica does (REPLICATION SLAVE), beginning at a GTID position. */
export function createBinlogSource(options: BinlogSourceOptions): ChangeSource {
  return { read: (from, signal) => readBinlog(options, from, signal) }
}

/** Of a stream without a source of its own. */
export const openBinlogSource: OpenSource = (database, captured, stream) =>
  createBinlogSource({ database, captured, serverId: replicaId(stream) })

async function* readBinlog(
  options: BinlogSourceOptions,
  from: string,
  signal: AbortSignal,
): AsyncIterable<Transaction> {
  if (signal.aborted) return
  const captured = await capturedTables(options)
  const zongji = new ZongJi(connectionOptions(options.database.toolkitUrl))
  let waiting = 0
  let paused = false
  const queue = createAsyncQueue<Transaction>(transaction => {
    waiting -= transaction.changes.length
    if (paused && waiting <= resumeAt) {
      paused = false
      zongji.connection?.resume()
    }
  })
  const accept = createTransactionAssembler({
    from,
    captured,
    ignoredDomain: origin.domain,
    partSize,
    emit: transaction => {
      const last = queue.last()
      // positions of transactions that change nothing of ours need not queue up
      const replaces = isIdle(transaction) && last !== undefined && isIdle(last)
      if (replaces) queue.replaceLast(transaction)
      else queue.push(transaction)
      waiting += transaction.changes.length
      if (!paused && waiting >= pauseAt) {
        paused = true
        zongji.connection?.pause()
      }
    },
  })
  zongji.on('binlog', (event: AnyBinlogEvent) => {
    try {
      accept(event)
    } catch (error) {
      queue.fail(error as Error)
    }
  })
  zongji.on('error', error => queue.fail(sourceError(error, options.database.name)))
  const end = () => queue.end()
  signal.addEventListener('abort', end)
  zongji.start({
    gtidSet: from,
    serverId: options.serverId,
    includeEvents,
    includeSchema: Object.fromEntries(
      [...options.captured].map(([schema, tables]) => [schema, [...tables.keys()]]),
    ),
  })
  try {
    yield* queue
  } finally {
    signal.removeEventListener('abort', end)
    await stop(zongji)
  }
}

function isIdle(transaction: Transaction): boolean {
  return transaction.complete && transaction.changes.length === 0
}

async function capturedTables(
  options: BinlogSourceOptions,
): Promise<Map<string, Map<string, CapturedTable>>> {
  const connection = await connectToolkit(options.database)
  try {
    const captured = new Map<string, Map<string, CapturedTable>>()
    for (const [schema, tables] of options.captured) {
      const decoders = new Map<string, CapturedTable>()
      for (const [table, columns] of tables) {
        const shape = await requireTableShape(connection, schema, table)
        decoders.set(table, { decode: rowDecoder(shape, columns) })
      }
      captured.set(schema, decoders)
    }
    return captured
  } finally {
    await connection.end()
  }
}

function stop(zongji: ZongJi): Promise<void> {
  return new Promise(resolve => {
    zongji.once('stopped', () => resolve())
    zongji.stop()
  })
}

function sourceError(reported: Error, name: string): ToolkitError {
  // an error that zongji could hand to nobody arrives wrapped by its emitter
  const { context } = reported as { context?: unknown }
  const error = context instanceof Object && 'message' in context ? (context as Error) : reported
  const message = error.message
  if (/could not find gtid state|could not find first log|purged/i.test(message))
    return new ToolkitError(
      'SOURCE_POSITION_PURGED',
      `${name} no longer has the binlog from the checkpoint on: ${message}`,
      { hint: 'copy the tables anew; keep the binlog longer (binlog_expire_logs_seconds)', cause: error },
    )
  if (/not in the master's binlog|errant|diverged/i.test(message))
    return new ToolkitError(
      'SOURCE_POSITION_UNKNOWN',
      `${name} has never been at the checkpoint's position: ${message}`,
      {
        hint: 'was the server replaced, or its binlog reset? verify, then copy the tables anew',
        cause: error,
      },
    )
  if (/unsupported type|cannot decode|schema changed between/i.test(message))
    return new ToolkitError('SOURCE_SCHEMA_CHANGED', `${name}: ${message}`, { cause: error })
  return new ToolkitError('SOURCE_LOST', `the binlog stream of ${name} broke: ${message}`, { cause: error })
}
