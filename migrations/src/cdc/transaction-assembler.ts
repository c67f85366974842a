import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type {
  AnyBinlogEvent,
  DeleteRowsEvent,
  MariadbGtidEvent,
  UpdateRowsEvent,
  WriteRowsEvent,
} from '@vlasky/zongji'
import type { Row } from '../data/table-mapping.ts'
import type { Change, ChangeOrigin, Operation, Transaction } from './change.ts'
import { advance, formatPosition, parseGtid, parsePosition } from './gtid-position.ts'
import { statementEffect } from './statement-effect.ts'

/** A captured table: how its binlog rows become rows of the mapping. */
export type CapturedTable = { decode(row: Row): Row }

export type AssemblerOptions = {
  from: string
  /** By schema, then table. */
  captured: ReadonlyMap<string, ReadonlyMap<string, CapturedTable>>
  /** Transactions of this replication domain are an applier's own: their changes are dropped. */
  ignoredDomain: number
  /** Changes after which a transaction is handed on in parts. */
  partSize: number
  emit(transaction: Transaction): void
}

type RowsEvent = (WriteRowsEvent | UpdateRowsEvent | DeleteRowsEvent) & {
  columns_present_bitmap: Buffer
  columns_present_bitmap2?: Buffer
}

/**
 * Puts binlog events together to transactions.
 *
 * A group of events begins with its GTID. A standalone group (DDL) is that one statement; any other ends with its commit:
 * an Xid, or the statement COMMIT when a table without transactions took part. An XA transaction is logged when it is
 * prepared, before anybody knows whether it will commit, so one that touches a captured table is refused.
 *
 * @returns a function to be called with every event in order; it throws a ToolkitError for what cannot be followed safely
 */
export function createTransactionAssembler(options: AssemblerOptions): (event: AnyBinlogEvent) => void {
  const { captured, emit } = options
  let position = parsePosition(options.from)
  let gtid: MariadbGtidEvent | undefined
  let changes: Change[] = []
  let order = 0

  const isCaptured = (schema: string, table?: string) =>
    table === undefined ? captured.has(schema) : (captured.get(schema)?.has(table) ?? false)

  const begin = (event: MariadbGtidEvent) => {
    gtid = event
    changes = []
    order = 0
  }
  const handOn = (complete: boolean) => {
    if (gtid === undefined) return
    if (complete) position = advance(position, parseGtid(gtid.gtid))
    emit({ gtid: gtid.gtid, ts_ms: gtid.timestamp, changes, complete, position: formatPosition(position) })
    changes = []
    if (complete) gtid = undefined
  }

  const rows = (event: RowsEvent, operation: Operation) => {
    const shape = event.tableMap[event.tableId]
    const table = shape === undefined ? undefined : captured.get(shape.parentSchema)?.get(shape.tableName)
    if (shape === undefined || table === undefined || gtid === undefined) return
    if (gtid.domainId === options.ignoredDomain) return
    requireWholeRows(event, `${shape.parentSchema}.${shape.tableName}`)
    const source: ChangeOrigin = {
      db: shape.parentSchema,
      table: shape.tableName,
      gtid: gtid.gtid,
      server_id: gtid.serverId,
      ts_ms: gtid.timestamp,
    }
    for (const row of event.rows) {
      const { before, after } = images(row, operation)
      changes.push({
        op: operation,
        before: before === null ? null : table.decode(before),
        after: after === null ? null : table.decode(after),
        source,
        order: ++order,
      })
    }
    if (changes.length >= options.partSize) handOn(false)
  }

  const statement = (query: string, schema: string) => {
    const effect = statementEffect(query, schema, isCaptured)
    switch (effect.kind) {
      case 'begin':
        return
      case 'commit':
        return handOn(true)
      case 'rollback':
        if (order > 0) throw refusal('SOURCE_STATEMENT', 'a transaction was logged and then rolled back')
        return handOn(true)
      case 'harmless':
        if (gtid?.standalone === true) handOn(true)
        return
      case 'truncate':
        throw refusal(
          'SOURCE_TRUNCATED',
          `table ${effect.table} was truncated: its rows are gone without row events`,
        )
      case 'schema':
        throw refusal(
          'SOURCE_SCHEMA_CHANGED',
          `captured table ${effect.table} was changed by: ${excerpt(query)}`,
        )
      case 'rows':
        throw refusal('SOURCE_STATEMENT', `rows of ${effect.table} were written as a statement, not as rows`)
    }
  }

  const refusal = (code: string, message: string) =>
    new ToolkitError(code, message, {
      details: { gtid: gtid?.gtid ?? null },
      hint: 'correct the mapping or the writer, copy the tables anew, and start the sync again',
    })

  return event => {
    switch (event.getTypeName()) {
      case 'MariadbGtid':
        return begin(event as MariadbGtidEvent)
      case 'Xid':
        return handOn(true)
      case 'Query': {
        const { query, schema } = event as { query: string; schema: string } & AnyBinlogEvent
        return statement(query, schema)
      }
      case 'XaPrepare':
        if (order > 0) throw refusal('SOURCE_XA', 'an XA transaction touched a captured table')
        return handOn(true)
      case 'TableMap': {
        const map = event as AnyBinlogEvent & {
          schemaName: string
          tableName: string
          hasSelfDescribingMetadata(): boolean
        }
        if (isCaptured(map.schemaName, map.tableName) && !map.hasSelfDescribingMetadata())
          throw refusal(
            'SOURCE_ROW_METADATA',
            `${map.schemaName}.${map.tableName} was logged without column names (binlog_row_metadata is not FULL)`,
          )
        return
      }
      case 'WriteRows':
        return rows(event as unknown as RowsEvent, 'c')
      case 'UpdateRows':
        return rows(event as unknown as RowsEvent, 'u')
      case 'DeleteRows':
        return rows(event as unknown as RowsEvent, 'd')
    }
  }
}

function images(row: unknown, operation: Operation): { before: Row | null; after: Row | null } {
  if (operation === 'c') return { before: null, after: row as Row }
  if (operation === 'd') return { before: row as Row, after: null }
  return row as { before: Row; after: Row }
}

/** With binlog_row_image other than FULL absent columns read as null: silent damage, so it is refused. */
function requireWholeRows(event: RowsEvent, table: string): void {
  for (const bitmap of [event.columns_present_bitmap, event.columns_present_bitmap2]) {
    if (bitmap === undefined) continue
    for (let column = 0; column < event.numberOfColumns; column++)
      if ((bitmap[column >> 3]! & (1 << (column & 7))) === 0)
        throw new ToolkitError(
          'SOURCE_ROW_IMAGE',
          `${table} was logged with partial rows (binlog_row_image is not FULL)`,
          {
            hint: 'set binlog_row_image=FULL for every session, copy the tables anew, and start the sync again',
          },
        )
  }
}

function excerpt(query: string): string {
  const line = query.replace(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 120)}…` : line
}
