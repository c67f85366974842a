import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { freePorts } from '../src/free-ports.ts'
import { startMariadb } from '../src/mariadb.ts'
import type { RunFile } from '../src/run-file.ts'

let stateDir: string
let started: number[]

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'strangler-supervision-'))
  started = []
})

afterEach(async () => {
  for (const pid of started) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  await rm(stateDir, { recursive: true, force: true })
})

async function supervise(): Promise<{ supervisor: ChildProcess; processes: RunFile['processes'] }> {
  const main = join(import.meta.dirname, '..', 'src', 'test-support', 'supervise-main.ts')
  const supervisor = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: supervisor.stdout! }), 'line')) as [string]
  const processes = JSON.parse(line) as RunFile['processes']
  started.push(supervisor.pid!, ...Object.values(processes).map(({ pid }) => pid))
  return { supervisor, processes }
}

/** A process that ended and that nobody has waited for (state Z) is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('Z')
  } catch {
    return false
  }
}

async function untilGone(pids: readonly number[]): Promise<number[]> {
  for (let waited = 0; pids.some(isAlive) && waited < 15_000; waited += 50) await delay(50)
  return pids.filter(isAlive)
}

test('Ctrl-C stops the database and every process, and takes run.json away', async () => {
  const { supervisor, processes } = await supervise()
  const written = JSON.parse(await readFile(join(stateDir, 'run.json'), 'utf8')) as RunFile
  expect(written.processes).toEqual(processes)
  supervisor.kill('SIGINT')
  await once(supervisor, 'exit')
  expect(await untilGone([processes.idle!.pid, processes.mariadb!.pid])).toEqual([])
  await expect(readFile(join(stateDir, 'run.json'))).rejects.toThrow('ENOENT')
}, 60_000)

test('a kill -9 of the supervisor leaves no process behind, the database included', async () => {
  const { supervisor, processes } = await supervise()
  supervisor.kill('SIGKILL')
  expect(await untilGone([processes.idle!.pid, processes.mariadb!.pid])).toEqual([])
}, 60_000)

test('a process that must not end stops the whole system when it does', async () => {
  const { supervisor, processes } = await supervise()
  process.kill(processes.idle!.pid, 'SIGKILL')
  const [code] = (await once(supervisor, 'exit')) as [number]
  expect(code).toBe(1)
  expect(await untilGone([processes.mariadb!.pid])).toEqual([])
}, 60_000)

test('a database that lost supervisor and lifeline is ended, not reused, by the next start', async () => {
  const [first, second] = await freePorts(2)
  const folder = join(stateDir, 'mariadb')
  const orphan = await startMariadb(folder, first!, 'secret')
  started.push(orphan.pid)
  const lifeline = Number((await readFile(`/proc/${orphan.pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')[1])
  process.kill(lifeline, 'SIGKILL')
  await orphan.ended
  expect(isAlive(orphan.pid)).toBe(true)
  const next = await startMariadb(folder, second!, 'secret')
  started.push(next.pid)
  expect(isAlive(orphan.pid)).toBe(false)
  expect(next.pid).not.toBe(orphan.pid)
  await next.stop()
}, 60_000)
