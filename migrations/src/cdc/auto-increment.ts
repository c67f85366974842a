import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Database } from '../data/database.ts'
import type { Direction, TableMapping } from '../data/table-mapping.ts'

/**
 * Makes the target of `direction` hand out ids beyond everything either side has handed out, rolled back ones included.
 * Tables without AUTO_INCREMENT are left alone. Repeating it is fine.
 * @param gap how many ids to leave free in between
 */
export async function liftAutoIncrement(_options: {
  direction: Direction
  tables: readonly TableMapping[]
  source: Database
  target: Database
  gap: number
}): Promise<{ table: string; next: string }[]> {
  throw new ToolkitError('NOT_YET', 'liftAutoIncrement is being written')
}
