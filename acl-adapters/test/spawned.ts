import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Python } from '../src/test-support/python-packages.ts'

export type Spawned = { firstLine: string; close(): Promise<void> }

/** Starts a process and waits for the line in which it says that it is ready. */
async function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Spawned> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const close = () => stop(child)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
  })
  ended.catch(() => {})
  const line = once(createInterface({ input: child.stdout! }), 'line')
  const [firstLine] = (await Promise.race([line, ended])) as [string]
  return { firstLine, close }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** @param name of a script beside the tests */
export function startPython({ command, env }: Python, name: string): Promise<Spawned> {
  return start(command, [fileURLToPath(new URL(name, import.meta.url))], env)
}

/** `acl serve …` as a process. */
export async function serveAcl(...args: string[]): Promise<{ url: string; close(): Promise<void> }> {
  const main = fileURLToPath(new URL('../src/acl-main.ts', import.meta.url))
  const { firstLine, close } = await start(
    process.execPath,
    [main, 'serve', ...args, '--log', 'error'],
    process.env,
  )
  return { url: JSON.parse(firstLine).url, close }
}
