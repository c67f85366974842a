import { spawn } from 'node:child_process'
import { join } from 'node:path'

export type Ended = { code: number | null; stdout: string; stderr: string }

export type Running = {
  /** The first line on stdout; rejects when the process ends without one. */
  ready: Promise<string>
  ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  endStdin(): void
}

/** Starts one of the monolith's programs, by file name. */
export function startMain(main: string, env: Record<string, string>, args: readonly string[] = []): Running {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src', main), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const ended = new Promise<Ended>(resolve => child.on('close', code => resolve({ code, stdout, stderr })))
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      stdout += chunk
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')))
    })
    ended.then(() => reject(new Error(`${main} ended: ${stderr}`)))
  })
  ready.catch(() => {})
  return { ready, ended, kill: signal => child.kill(signal), endStdin: () => child.stdin.end() }
}

export function runMain(
  main: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<Ended> {
  return startMain(main, env, args).ended
}
