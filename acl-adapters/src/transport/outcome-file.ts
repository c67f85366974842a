import { mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { OutcomeEntry, OutcomeStore } from './outcome-table.ts'

const compactAbove = 4 * 1024 * 1024

type Line = { put: OutcomeEntry } | { drop: string }
type Waiting = { line: Line; resolve(): void; reject(error: unknown): void }

/**
 * Outcomes in `outcomes.jsonl` of a folder: lines are appended, those waiting at the same time by one write and one
 * sync; the file is written anew when most of it is outdated.
 * @throws ToolkitError OUTCOMES_IN_USE where another process has the folder, OUTCOMES_UNREADABLE
 */
export async function openOutcomeFile(folder: string): Promise<OutcomeStore> {
  mkdirSync(folder, { recursive: true })
  const unlock = lock(join(folder, 'outcomes.lock'))
  const path = join(folder, 'outcomes.jsonl')
  const live = readLines(path)
  const waiting: Waiting[] = []
  let file = await rewrite(path, live, undefined)
  let size = 0
  let liveAtRewrite = live.size
  let writing: Promise<void> | undefined
  let broken: ToolkitError | undefined

  const writeBatch = async () => {
    const batch = waiting.splice(0)
    try {
      const text = batch.map(({ line }) => `${JSON.stringify(line)}\n`).join('')
      await file.appendFile(text)
      await file.datasync()
      for (const { line } of batch) apply(live, line)
      size += text.length
      for (const { resolve } of batch) resolve()
      if (size > compactAbove && size > 400 * (live.size + liveAtRewrite)) {
        file = await rewrite(path, live, file)
        size = 0
        liveAtRewrite = live.size
      }
    } catch (cause) {
      // After a failed sync the file's content is not known, so nothing more is promised on it.
      broken = new ToolkitError('OUTCOMES_UNWRITABLE', `${path}: ${messageOf(cause)}`, { cause })
      for (const { reject } of [...batch, ...waiting.splice(0)]) reject(broken)
    }
  }
  const drain = async () => {
    while (waiting.length > 0) await writeBatch()
    writing = undefined
  }
  const append = (line: Line): Promise<void> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) return reject(broken)
      waiting.push({ line, resolve, reject })
      writing ??= drain()
    })

  return {
    kept: [...live.values()],
    put: entry => append({ put: entry }),
    drop: key => append({ drop: key }),
    async close() {
      await writing
      await file.close()
      unlock()
    },
  }
}

/** Locks of this very process: after a restart in a container another one may have left the same pid behind. */
const held = new Set<string>()

/** Two processes with one folder would not see each other's keys. */
function lock(path: string): () => void {
  for (let attempt = 0; ; attempt += 1)
    try {
      const descriptor = openSync(path, 'wx')
      writeSync(descriptor, String(process.pid))
      held.add(path)
      return () => {
        held.delete(path)
        rmSync(path, { force: true })
      }
    } catch (cause) {
      const owner = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? ownerOf(path) : undefined
      if (owner === undefined || attempt > 0 || isHeld(path, owner))
        throw new ToolkitError('OUTCOMES_IN_USE', `${path} is held by process ${owner ?? 'unknown'}`, {
          cause,
          hint: 'give each REST façade a folder of its own; remove the file if that process is another program',
        })
      rmSync(path, { force: true })
    }
}

function ownerOf(path: string): number {
  return Number.parseInt(readFileSync(path, 'utf8'), 10) || 0
}

function isHeld(path: string, pid: number): boolean {
  if (pid === 0) return false
  if (pid === process.pid) return held.has(path)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A last line that a crash cut off was never acknowledged, so it is left out. */
function readLines(path: string): Map<string, OutcomeEntry> {
  const live = new Map<string, OutcomeEntry>()
  const lines = readIfThere(path).split('\n')
  lines.pop()
  for (const [index, line] of lines.entries())
    try {
      apply(live, JSON.parse(line) as Line)
    } catch (cause) {
      throw new ToolkitError('OUTCOMES_UNREADABLE', `${path}:${index + 1} is not JSON`, {
        cause,
        hint: 'the file was changed by something else: restore it, or move it away and accept that writes begun before may be sent again',
      })
    }
  return live
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function apply(live: Map<string, OutcomeEntry>, line: Line): void {
  if ('put' in line) live.set(line.put.key, line.put)
  else live.delete(line.drop)
}

/** The file with what is live and nothing else, in the place of the old one at once. */
async function rewrite(
  path: string,
  live: ReadonlyMap<string, OutcomeEntry>,
  old: FileHandle | undefined,
): Promise<FileHandle> {
  const next = `${path}.next`
  const file = await open(next, 'w')
  for (const entry of live.values()) await file.appendFile(`${JSON.stringify({ put: entry })}\n`)
  await file.sync()
  await rename(next, path)
  await old?.close()
  return file
}
