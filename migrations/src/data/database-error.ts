import { isToolkitError } from '@strangler/kit/toolkit-error.ts'

/** Errors that pass by themselves: deadlock, lock wait, shutdown, read-only, a killed or lost connection, too many connections. */
const transientNumbers = new Set([
  1020, 1040, 1053, 1158, 1159, 1160, 1161, 1180, 1205, 1213, 1290, 1317, 1836, 1927, 2006, 2013,
])
const transientCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'DATABASE_UNREACHABLE',
  'SOURCE_LOST',
  'ROW_AWAITED',
])

export type DatabaseError = Error & { errno?: number; code?: string; sqlMessage?: string }

/** Whether trying again may help without anybody doing anything. */
export function isTransient(error: unknown): boolean {
  if (isToolkitError(error)) {
    if (error.code === 'DATABASE_UNREACHABLE') return error.cause === undefined || isTransient(error.cause)
    return transientCodes.has(error.code)
  }
  if (!(error instanceof Error)) return false
  const { errno, code, message } = error as DatabaseError
  return (
    (errno !== undefined && transientNumbers.has(errno)) ||
    (code !== undefined && transientCodes.has(code)) ||
    /closed state|Connection lost/i.test(message)
  )
}

/** The server's error number, when it was the server that refused. */
export function errorNumber(error: unknown): number | undefined {
  return error instanceof Error ? (error as DatabaseError).errno : undefined
}
