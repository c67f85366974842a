import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stopJavaLeftover } from './java-process.ts'
import { stopMariadbLeftover } from './mariadb.ts'
import { refuseSecond } from './refuse-second.ts'

/**
 * Removes all that a system has kept in its folder, so that the next one begins afresh. Half of it would be worse than
 * all: outcomes of writes, epochs and offsets belong to the databases beside them.
 * @throws ToolkitError ALREADY_RUNNING
 */
export async function clearState(stateDir: string): Promise<void> {
  await refuseSecond(stateDir)
  await stopMariadbLeftover(join(stateDir, 'mariadb'))
  for (const name of ['connect', 'kafka']) await stopJavaLeftover(join(stateDir, name), name)
  await rm(stateDir, { recursive: true, force: true })
}
