import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Ends what an earlier run left behind: a server whose supervisor and shell were both killed may still hold its ports and
 * data. A pid alone proves nothing, since it may have been given to another process: its command line does.
 * @param isOurs decides by the arguments of the process
 * @param withinMs after which it is killed
 */
export async function stopLeftover(
  pidFile: string,
  isOurs: (args: readonly string[]) => boolean,
  withinMs: number,
): Promise<void> {
  const pid = readPid(pidFile)
  if (pid === undefined) return
  const lives = () => isOurs(argumentsOf(pid))
  if (lives()) {
    kill(pid, 'SIGTERM')
    for (const deadline = Date.now() + withinMs; lives() && Date.now() < deadline; ) await delay(50)
    if (lives()) kill(pid, 'SIGKILL')
    while (lives()) await delay(50)
  }
  await rm(pidFile, { force: true })
}

/** Sends a signal to a process that may be gone already. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // already gone
  }
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
