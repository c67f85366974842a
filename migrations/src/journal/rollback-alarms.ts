import type { Pool, RowDataPacket } from 'mysql2/promise'

/** On what a cutover is taken back by itself: kept where it outlives the engine. */
export type RollbackAlarms = {
  /** @param conditions as the operator wrote them; none: no alarm */
  set(capability: string, conditions: readonly string[], by: string): Promise<void>
  of(capability: string): Promise<readonly string[]>
}

/** @param pool to the control schema */
export function createRollbackAlarms(pool: Pool): RollbackAlarms {
  return {
    set: async (capability, conditions, by) => {
      if (conditions.length === 0)
        await pool.query('DELETE FROM rollback_alarm WHERE capability = ?', [capability])
      else
        await pool.query(
          'REPLACE INTO rollback_alarm (capability, conditions, operator, at) VALUES (?, ?, ?, UTC_TIMESTAMP(6))',
          [capability, JSON.stringify(conditions), by],
        )
    },
    of: async capability => {
      const [rows] = await pool.query<RowDataPacket[]>(
        'SELECT conditions FROM rollback_alarm WHERE capability = ?',
        [capability],
      )
      return rows[0] === undefined ? [] : (JSON.parse(String(rows[0].conditions)) as string[])
    },
  }
}
