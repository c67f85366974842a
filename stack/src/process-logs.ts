import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

export type ProcessLogs = { write(name: string, line: string): void }

/**
 * One file of log lines per process, as the process wrote them: `NAME.log`, and `NAME.log.1` before that.
 * Lines are written at once, so that the last words of a process that was killed are there.
 * @param mostBytes a file that has grown past this gives way to a new one
 */
export async function openProcessLogs(folder: string, mostBytes = 20 * 1024 * 1024): Promise<ProcessLogs> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const sizes = new Map<string, number>()
  return {
    write(name, line) {
      const path = join(folder, `${name}.log`)
      const text = `${line}\n`
      const size = sizes.get(name) ?? sizeOf(path)
      try {
        if (size > mostBytes) renameSync(path, `${path}.1`)
        appendFileSync(path, text, { mode: 0o600 })
        sizes.set(name, (size > mostBytes ? 0 : size) + Buffer.byteLength(text))
      } catch {
        // A folder removed under a running system is made again; a full disk must not stop the processes.
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        sizes.delete(name)
      }
    },
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
