import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { stampOf } from './legacy-values.ts'

export type BatchResult = {
  reviewed: number
  /** Why the database refused to go on, in its own words. */
  refused: string | null
}

const rowsPerTransaction = 50

/**
 * Marks active customers as reviewed today, in the order of their number, straight in the table.
 * Stops at the first refusal; what was committed before stays.
 * @param options.limit how many at most; all when absent
 */
export async function runNightlyBatch(
  url: string,
  options: { limit?: number | undefined; now: () => Date },
): Promise<BatchResult> {
  let reviewed = 0
  let after = 0
  try {
    const connection = await createConnection({ uri: url, timezone: 'Z', charset: 'utf8mb4' })
    // A lost connection also fails the statement under way, which is where it is reported.
    connection.on('error', () => {})
    try {
      for (;;) {
        const page = Math.min(rowsPerTransaction, (options.limit ?? Number.POSITIVE_INFINITY) - reviewed)
        if (page <= 0) break
        await connection.beginTransaction()
        const [rows] = await connection.execute<RowDataPacket[]>(
          `SELECT CUST_NO FROM CUST_MST WHERE STAT_CD = 'A' AND CUST_NO > ? ORDER BY CUST_NO LIMIT ${page} FOR UPDATE`,
          [after],
        )
        const numbers = rows.map(row => row.CUST_NO as number)
        if (numbers.length > 0) {
          const { date, time } = stampOf(options.now())
          await connection.query(
            'UPDATE CUST_MST SET RVW_DT = ?, CHG_DT = ?, CHG_TM = ? WHERE CUST_NO IN (?)',
            [date, date, time, numbers],
          )
        }
        await connection.commit()
        if (numbers.length === 0) break
        reviewed += numbers.length
        after = numbers.at(-1)!
      }
    } finally {
      connection.destroy()
    }
  } catch (error) {
    return { reviewed, refused: error instanceof Error ? error.message : String(error) }
  }
  return { reviewed, refused: null }
}
