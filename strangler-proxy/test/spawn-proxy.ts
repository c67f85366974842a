import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Answer, ask, token } from './proxy-kit.ts'

const main = join(import.meta.dirname, '../src/main.ts')

export type SpawnedProxy = AsyncDisposable & {
  url: string
  adminUrl: string
  file: string
  pid: number
  admin(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>
  /** Replies on connections of their own, so that they come from the workers in turn. */
  fresh(count: number, path: string, options?: Parameters<typeof ask>[2]): Promise<Answer[]>
  /** Process ids of the workers. */
  workers(): Promise<number[]>
  logged: string[]
}

/** The proxy as it is run: a process, with workers of its own. */
export async function spawnProxy(
  config: string,
  workers: number,
  env: Record<string, string> = {},
): Promise<SpawnedProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-workers-'))
  const file = join(folder, 'strangler.yaml')
  await writeFile(file, config)
  const args = ['--config', file, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, 'proxy', ...args, '--workers', String(workers)],
    {
      env: { PATH: process.env.PATH, STRANGLER_TOKEN: token, STRANGLER_SUPERVISED: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  const logged: string[] = []
  createInterface(child.stderr).on('line', line => logged.push(line))
  const ready = await firstLine(child, logged)
  const admin: SpawnedProxy['admin'] = (method, path, body) =>
    ask(ready.adminUrl, path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
  return {
    ...ready,
    file,
    pid: child.pid ?? 0,
    logged,
    admin,
    fresh: (count, path, options = {}) =>
      Promise.all(Array.from({ length: count }, () => ask(ready.url, path, { ...options, reset: true }))),
    async workers() {
      const { json } = await admin('GET', '/admin/status')
      return (json as { workers: { pid: number }[] }).workers.map(({ pid }) => pid)
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await ended
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function firstLine(child: ChildProcess, logged: string[]): Promise<{ url: string; adminUrl: string }> {
  for await (const line of createInterface(child.stdout!)) return JSON.parse(line)
  throw new Error(`the proxy did not start: ${logged.join('\n')}`)
}
