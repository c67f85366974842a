import { writeSync } from 'node:fs'
import { isToolkitError, messageOf } from './toolkit-error.ts'

/** What a process tells its supervisor once it can serve: the first line on its stdout, as JSON. */
export type Ready = { url?: string; adminUrl?: string } & Record<string, unknown>

export type Started = { ready: Ready; close(): Promise<void> }

/** Codes that mean that the user's input or configuration is at fault: exit 2. */
const usageCode = /^(CONFIG|USAGE|ENV|PORT)_/

/**
 * The life of every process: start, say so, run until a signal or the loss of the supervisor, close, exit.
 * The supervisor holds the other end of stdin; when it dies, even by kill -9, stdin ends and so does this process.
 */
export async function runMain(
  proc: NodeJS.Process,
  start: (env: NodeJS.ProcessEnv) => Promise<Started>,
): Promise<void> {
  let started: Started
  try {
    started = await start(proc.env)
  } catch (error) {
    writeSync(2, describeFailure(error))
    return proc.exit(isToolkitError(error) && usageCode.test(error.code) ? 2 : 1)
  }
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => proc.exit(1), 15_000).unref()
    started.close().then(
      () => proc.exit(0),
      error => {
        writeSync(2, describeFailure(error))
        proc.exit(1)
      },
    )
  }
  proc.on('SIGTERM', stop)
  proc.on('SIGINT', stop)
  if (proc.env.STRANGLER_SUPERVISED === '1') {
    proc.stdin.on('end', stop).on('close', stop).on('error', stop).resume()
  }
  proc.stdout.on('error', () => {})
  proc.stdout.write(`${JSON.stringify({ ready: true, pid: proc.pid, ...started.ready })}\n`)
}

/** An error as a person reads it: sentence, then what to do next. A stack only for what nobody foresaw. */
export function describeFailure(error: unknown): string {
  if (isToolkitError(error))
    return `${error.code}: ${error.message}\n${error.hint === undefined ? '' : `→ ${error.hint}\n`}`
  return `${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`
}
