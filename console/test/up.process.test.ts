import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { strangler } from './fake-system.ts'

jest.setTimeout(120_000)

const main = join(import.meta.dirname, '../src/main.ts')
const service = `import { createServer } from 'node:http'
const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(7)
  response.end('from the service')
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ ready: true, url: 'http://127.0.0.1:' + server.address().port }) + '\\n')
})
process.on('SIGTERM', () => process.exit(0))
`
type RunFile = { processes: Record<string, { pid: number }> }

let folder: string
let started: ChildProcess | undefined

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-up-'))
})

afterEach(async () => {
  if (started !== undefined && started.exitCode === null) {
    started.kill('SIGINT')
    await once(started, 'exit')
  }
  started = undefined
  await rm(folder, { recursive: true, force: true })
})

async function writeSystem(run: string[]): Promise<{ proxy: number; own: number }> {
  const [proxy, own] = [await freePort(), await freePort()]
  await writeFile(join(folder, 'service.mjs'), service)
  await writeFile(
    join(folder, 'strangler.yaml'),
    `version: 1
upstreams: { own: { url: "http://127.0.0.1:${own}" } }
default: own
`,
  )
  await writeFile(
    join(folder, 'system.yaml'),
    `listen: { proxy: "127.0.0.1:${proxy}", admin: "127.0.0.1:0", engine: "127.0.0.1:0", dashboard: "127.0.0.1:0" }
processes: [{ name: own, run: ${JSON.stringify(run)}, env: { PORT: "${own}" } }]
`,
  )
  await mkdir(join(folder, '.strangler'), { mode: 0o700 })
  await writeFile(join(folder, '.strangler/token'), 'a-token-of-some-length\n', { mode: 0o600 })
  return { proxy, own }
}

async function up(): Promise<Record<string, { pid: number; url: string; adminUrl?: string }>> {
  started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'up', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: started.stdout! })
  const [line] = (await once(lines, 'line')) as [string]
  return (JSON.parse(line) as { processes: Record<string, { pid: number; url: string }> }).processes
}

async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const found = await attempt().catch(() => undefined)
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('it did not happen within a minute')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('starts everything, restarts what ends, and leaves nothing behind on Ctrl-C', async () => {
  const { proxy, own } = await writeSystem(['node', 'service.mjs'])
  const processes = await up()
  expect(Object.keys(processes)).toEqual(['own', 'proxy'])
  expect(await (await fetch(`http://127.0.0.1:${proxy}/`)).text()).toBe('from the service')

  await fetch(`http://127.0.0.1:${own}/crash`).catch(() => undefined)
  const restarted = await eventually(async () => {
    const run = JSON.parse(await readFile(join(folder, '.strangler/run.json'), 'utf8')) as RunFile
    return run.processes.own!.pid === processes.own!.pid ? undefined : run.processes.own!.pid
  })
  expect(await (await fetch(`http://127.0.0.1:${own}/`)).text()).toBe('from the service')

  const status = await strangler(folder, ['status', '--json'])
  expect(status.exit).toBe(0)

  started!.kill('SIGINT')
  const [code] = (await once(started!, 'exit')) as [number]
  expect(code).toBe(0)
  expect([restarted, processes.proxy!.pid].filter(isAlive)).toEqual([])
  await expect(stat(join(folder, '.strangler/run.json'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a process that cannot start ends everything, with the last lines it wrote', async () => {
  await writeSystem(['node', 'missing.mjs'])
  started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'up', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  started.stdout!.on('data', chunk => {
    text += chunk
  })
  const [code] = (await once(started, 'exit')) as [number]
  expect(code).toBe(1)
  const failure = JSON.parse(text) as { code: string; message: string }
  expect(failure.code).toBe('PROCESS_FAILED')
  expect(failure.message).toContain('missing.mjs')
})

test('without a system.yaml a sentence says where one comes from', async () => {
  const ran = await strangler(folder, ['up'])
  expect(ran.exit).toBe(2)
  expect(ran.stderr).toContain('strangler init')
})
