import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { readRunFile } from './run-file.ts'

/** Servers that an earlier run left behind are ended by the next start; only processes of ours mean that a system runs. */
const servers = ['mariadb', 'kafka', 'connect']

/** @throws ToolkitError ALREADY_RUNNING when processes of a system live that was started from this folder */
export async function refuseSecond(stateDir: string): Promise<void> {
  const found = await readRunFile(stateDir)
  const alive = Object.entries(found?.processes ?? {}).find(
    ([name, { pid }]) => !servers.includes(name) && isAlive(pid),
  )
  if (alive === undefined) return
  throw new ToolkitError(
    'ALREADY_RUNNING',
    `a system already runs from ${stateDir} (${alive[0]} is process ${alive[1].pid})`,
    {
      hint: 'stop it with Ctrl-C in its terminal, or use that one: npx strangler status',
    },
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
