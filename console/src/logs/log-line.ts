import { isRecord, type Json, numberOf, recordOf } from '../render/json-fields.ts'

/** One line that a process wrote. A line that is no JSON is its own message, without a time of its own. */
export type LogLine = {
  /** As its file is called: two instances of a service are two processes. */
  process: string
  /** Milliseconds since the epoch; of a line that says nothing, that of the line before it. */
  at: number
  level: Level
  message: string
  traceId: string | undefined
  fields: Json
}

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type Level = (typeof levels)[number]

/** Members that LogLine has by other names. */
const own = new Set(['level', 'time', 'name', 'msg', 'trace_id', 'pid', 'hostname'])

/** @param before the time of the line before it */
export function parseLogLine(process: string, text: string, before: number): LogLine {
  const json = jsonOf(text)
  if (json === undefined)
    return { process, at: before, level: 'info', message: text, traceId: undefined, fields: {} }
  const at = typeof json.time === 'string' ? Date.parse(json.time) : (numberOf(json.time) ?? Number.NaN)
  return {
    process,
    at: Number.isNaN(at) ? before : at,
    level: levelOf(json.level),
    message: typeof json.msg === 'string' ? json.msg : '',
    traceId: typeof json.trace_id === 'string' ? json.trace_id : undefined,
    fields: Object.fromEntries(Object.entries(json).filter(([name]) => !own.has(name))),
  }
}

/** The error that a line tells of, whichever way its writer put it. */
export function errorOf({ fields }: LogLine): { kind: string; message: string; stack: string } | undefined {
  const error = fields.error ?? fields.err
  if (typeof error === 'string') return { kind: 'Error', message: error, stack: '' }
  if (!isRecord(error)) return undefined
  const { code, name, type, message, stack } = recordOf(error)
  return {
    kind: ([code, name, type].find(value => typeof value === 'string') as string | undefined) ?? 'Error',
    message: String(message ?? ''),
    stack: typeof stack === 'string' ? stack : '',
  }
}

function jsonOf(text: string): Json | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function levelOf(value: unknown): Level {
  if (typeof value === 'string') return levels.find(level => level === value.toLowerCase()) ?? 'info'
  const number = numberOf(value)
  return number === undefined
    ? 'info'
    : (levels[Math.min(5, Math.max(0, Math.round(number / 10) - 1))] ?? 'info')
}
