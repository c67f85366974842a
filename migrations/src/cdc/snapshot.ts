import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, RowDataPacket } from 'mysql2/promise'

/**
 * Opens a snapshot that all later reads of this session see, until it ends.
 * @returns the GTID position whose state the snapshot is, exactly: no transaction before it is missing, none after it is in
 * @throws ToolkitError SNAPSHOT_FAILED
 */
export async function beginSnapshot(connection: Connection): Promise<string> {
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
  const [rows] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Binlog_snapshot_%'")
  const status = new Map(rows.map(row => [String(row.Variable_name).toLowerCase(), String(row.Value)]))
  const [answer] = await connection.query<RowDataPacket[]>('SELECT BINLOG_GTID_POS(?, ?) AS position', [
    status.get('binlog_snapshot_file') ?? '',
    Number(status.get('binlog_snapshot_position') ?? 0),
  ])
  const position = answer[0]?.position
  if (typeof position !== 'string')
    throw new ToolkitError('SNAPSHOT_FAILED', 'the server cannot tell the position of a snapshot', {
      hint: 'enable the binlog (log_bin), and grant BINLOG MONITOR to the toolkit account',
    })
  return position
}
