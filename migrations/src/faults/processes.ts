import { readFile } from 'node:fs/promises'
import type { Clock } from '@strangler/kit/clock.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** The processes of the system, as its run.json names them. */
export type Processes = {
  /** @throws ToolkitError PROCESS_UNKNOWN */
  kill(name: string): Promise<void>
  pause(name: string, ms: number): Promise<void>
  /** Resolves once another process has taken the place of the one that was killed. @throws ToolkitError PROCESS_GONE */
  untilBack(name: string, withinMs: number): Promise<void>
}

type Signal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'

/**
 * @param file path of run.json: `{processes: {name: {pid}}}`
 * @param send delivers a signal; throws when there is no such process
 */
export function openProcesses(
  file: string,
  send: (pid: number, signal: Signal) => void,
  clock: Clock,
): Processes {
  const killed = new Map<string, number>()

  async function pidOf(name: string): Promise<number> {
    let pid: unknown
    try {
      const run = JSON.parse(await readFile(file, 'utf8')) as {
        processes?: Record<string, { pid?: unknown }>
      }
      pid = run.processes?.[name]?.pid
    } catch (error) {
      throw new ToolkitError('PROCESS_UNKNOWN', `${file} cannot be read: ${messageOf(error)}`, {
        hint: 'STRANGLER_RUN_FILE names the run.json of the running system',
      })
    }
    // Below 2 a signal would reach whole groups of processes, or init.
    if (typeof pid === 'number' && Number.isInteger(pid) && pid > 1) return pid
    throw new ToolkitError('PROCESS_UNKNOWN', `no process ${name} runs here`, {
      details: { file, name },
    })
  }

  return {
    kill: async name => {
      const pid = await pidOf(name)
      killed.set(name, pid)
      send(pid, 'SIGKILL')
    },
    pause: async (name, ms) => {
      const pid = await pidOf(name)
      send(pid, 'SIGSTOP')
      try {
        await clock.sleep(ms)
      } finally {
        send(pid, 'SIGCONT')
      }
    },
    untilBack: async (name, withinMs) => {
      const before = killed.get(name)
      const began = clock.elapsed()
      while ((await pidOf(name).catch(() => before)) === before) {
        if (clock.elapsed() - began > withinMs)
          throw new ToolkitError('PROCESS_GONE', `${name} did not come back within ${withinMs} ms`, {
            hint: 'what supervises it must start it again',
          })
        await clock.sleep(50)
      }
    },
  }
}
