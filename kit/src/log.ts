import { destination, type Logger, pino } from 'pino'

export type Log = Logger

/** Keys whose values never reach a log line, at the top level or one level down. */
const secretKeys = [
  'password',
  'token',
  'authorization',
  'cookie',
  'set-cookie',
  'secret',
  'proxy-authorization',
]

/**
 * One JSON line per event on stderr (stdout belongs to machine-readable answers).
 * @param name the process, as in `.strangler/run.json`
 * @param level pino level, `info` unless told
 */
export function createLog(name: string, level = 'info'): Log {
  const paths = secretKeys.flatMap(key => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`])
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: '[redacted]' },
    },
    destination({ fd: 2, sync: false }),
  )
}

/** `mysql://user:secret@host/db` → `mysql://user:***@host/db`, for messages that must name a server. */
export function withoutSecret(url: string): string {
  return url.replace(/(\/\/[^:/@]*):[^@]*@/, '$1:***@')
}
