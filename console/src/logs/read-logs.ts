import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Level, type LogLine, levels, parseLogLine } from './log-line.ts'

/** What is looked for; what is not named may be anything. */
export type LogQuery = {
  processes?: readonly string[] | undefined
  /** This level and those above it. */
  level?: Level | undefined
  traceId?: string | undefined
  /** Somewhere in the line, in whichever case. */
  text?: string | undefined
  /** Milliseconds since the epoch. */
  since?: number | undefined
}

const fileForm = /^([\w.-]+?)\.log(\.1)?$/

/**
 * The lines of all processes that ran from a state folder, file by file; `NAME.log.1` comes before `NAME.log`.
 * @throws ToolkitError LOGS_MISSING
 */
export async function* readLogs(stateDir: string, query: LogQuery): AsyncGenerator<LogLine> {
  const folder = join(stateDir, 'logs')
  const names = await readdir(folder).catch(() => {
    throw new ToolkitError('LOGS_MISSING', `${folder} is not there`, {
      hint: 'start the system with npm start, or name its state folder: --state DIR',
    })
  })
  const wanted = names.flatMap(name => {
    const [, process, older] = fileForm.exec(name) ?? []
    if (process === undefined || query.processes?.includes(process) === false) return []
    return [{ process, path: join(folder, name), older: older !== undefined }]
  })
  wanted.sort((a, b) =>
    a.process === b.process ? Number(b.older) - Number(a.older) : a.process < b.process ? -1 : 1,
  )
  for (const { process, path } of wanted) yield* readFile(process, path, query)
}

async function* readFile(process: string, path: string, query: LogQuery): AsyncGenerator<LogLine> {
  const { traceId, text } = query
  const least = levels.indexOf(query.level ?? 'trace')
  const lowered = text?.toLowerCase()
  let before = 0
  for await (const written of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    // Most lines are passed over by their text, before anything of them is parsed.
    if (traceId !== undefined && !written.includes(traceId)) continue
    if (lowered !== undefined && !written.toLowerCase().includes(lowered)) continue
    if (written === '') continue
    const line = parseLogLine(process, written, before)
    before = line.at
    if (levels.indexOf(line.level) < least || (query.since !== undefined && line.at < query.since)) continue
    if (traceId === undefined || line.traceId?.startsWith(traceId) === true) yield line
  }
}

/** The latest `most` lines of those that are found, oldest first. */
export async function latestLines(lines: AsyncIterable<LogLine>, most: number): Promise<LogLine[]> {
  let kept: LogLine[] = []
  for await (const line of lines) {
    kept.push(line)
    if (kept.length >= 2 * most + 1_000) kept = inOrder(kept).slice(-most)
  }
  return inOrder(kept).slice(-most)
}

/** The sort is stable: lines of one millisecond keep the order in which their process wrote them. */
function inOrder(lines: LogLine[]): LogLine[] {
  return lines.sort((a, b) => a.at - b.at)
}
