import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type RunningProcess = { pid: number; url: string; adminUrl?: string }

/** `.strangler/run.json`: where every process of the running system is found. */
export type RunFile = { processes: Record<string, RunningProcess> }

/** Replaces the file in one rename, so that a reader never sees half of it. */
export async function writeRunFile(stateDir: string, run: RunFile): Promise<void> {
  const path = join(stateDir, 'run.json')
  await writeFile(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** The system that runs from this folder, or undefined where none does. */
export async function readRunFile(stateDir: string): Promise<RunFile | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir, 'run.json'), 'utf8')) as RunFile
  } catch {
    return undefined
  }
}

export async function removeRunFile(stateDir: string): Promise<void> {
  await rm(join(stateDir, 'run.json'), { force: true })
}
