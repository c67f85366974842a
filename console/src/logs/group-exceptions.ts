import { createHash } from 'node:crypto'
import { numberOf } from '../render/json-fields.ts'
import { errorOf, type LogLine } from './log-line.ts'

/** Errors that are one and the same, as far as their lines tell. */
export type ExceptionGroup = {
  /** The same for the same error in every run: its handle in a ticket. */
  id: string
  kind: string
  /** With numbers and names of one occurrence left out. */
  message: string
  /** The first frame of its stack, if there is one. */
  where: string
  processes: string[]
  count: number
  firstSeen: number
  lastSeen: number
  /** Of the latest occurrence that has one. */
  lastTraceId: string | undefined
}

/** Groups errors by kind, message and place, the most frequent first. */
export async function groupExceptions(lines: AsyncIterable<LogLine>): Promise<ExceptionGroup[]> {
  const groups = new Map<string, ExceptionGroup>()
  for await (const line of lines) {
    if (!isException(line)) continue
    const error = errorOf(line)
    const kind = error?.kind ?? line.level
    const told = error === undefined || error.message === '' ? line.message : error.message
    const message = withoutOccurrence(told)
    const where = firstFrame(error?.stack ?? '')
    const id = createHash('sha256').update(`${kind}\n${message}\n${where}`).digest('hex').slice(0, 8)
    const group = groups.get(id) ?? newGroup({ id, kind, message, where })
    groups.set(id, group)
    group.count++
    group.firstSeen = Math.min(group.firstSeen, line.at)
    if (!group.processes.includes(line.process)) group.processes.push(line.process)
    if (line.at < group.lastSeen) continue
    group.lastSeen = line.at
    group.lastTraceId = line.traceId ?? group.lastTraceId
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.lastSeen - a.lastSeen)
}

/** An error, or a warning that names one. A request that ended with 5xx has told its error in a line of its own. */
function isException(line: LogLine): boolean {
  if (line.level === 'warn') return errorOf(line) !== undefined
  if (line.level !== 'error' && line.level !== 'fatal') return false
  return errorOf(line) !== undefined || numberOf(line.fields.ms) === undefined
}

function newGroup(told: Pick<ExceptionGroup, 'id' | 'kind' | 'message' | 'where'>): ExceptionGroup {
  return {
    ...told,
    processes: [],
    count: 0,
    firstSeen: Number.POSITIVE_INFINITY,
    lastSeen: Number.NEGATIVE_INFINITY,
    lastTraceId: undefined,
  }
}

/** `order 6f2c… not found after 250 ms` and the next one are the same error. */
function withoutOccurrence(message: string): string {
  return message
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '…')
    .replace(/\b[0-9a-f]{16,}\b/gi, '…')
    .replace(/\d+(?:\.\d+)?/g, 'N')
    .slice(0, 300)
}

/** Line numbers move with every change of a file; its name and function do not. */
function firstFrame(stack: string): string {
  const frame = /^\s*at (.+)$/m.exec(stack)?.[1] ?? ''
  return frame.replace(/\(?(?:file:\/\/)?[^()\s]*\/([^/()\s]+?)(?::\d+)*\)?$/, '$1')
}
