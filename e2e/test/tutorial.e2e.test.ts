import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type CommandBlock, markdownCommands } from '../src/markdown-commands.ts'

jest.setTimeout(900_000)

const root = join(import.meta.dirname, '..', '..')
const readyWithinMs = 120_000
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, NO_COLOR: '1' }
const background: ChildProcess[] = []
let folder: string
let here: string

/** Ports of the page → free ones here: the machine may run another system. */
async function freePorts(): Promise<ReadonlyMap<string, string>> {
  const isFree = async (port: number) => {
    const server = createServer()
    const free = await new Promise<boolean>(resolve => {
      server.on('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    return free
  }
  for (let base = 20_000 + (process.pid % 20_000); base < 60_000; base += 16) {
    const wanted = Array.from({ length: 8 }, (_unused, index) => base + index)
    const free = await Promise.all(wanted.map(isFree))
    if (!free.every(Boolean)) continue
    return new Map([
      ['8480', String(base)],
      ['8483', String(base + 3)],
      ['3399', String(base + 6)],
      ['9001', String(base + 7)],
    ])
  }
  throw new Error('no free ports')
}

beforeAll(async () => {
  await mkdir(join(root, '.strangler'), { recursive: true })
  folder = await mkdtemp(join(root, '.strangler/tutorial-'))
  await cp(join(root, 'docs/tutorial'), folder, {
    recursive: true,
    filter: path => !path.startsWith(join(root, 'docs/tutorial/work')),
  })
  here = folder
})

afterAll(async () => {
  for (const child of background.reverse()) await end(child)
  await rm(folder, { recursive: true, force: true })
})

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  // Its own group: what the shell started ends with it.
  process.kill(-child.pid, 'SIGTERM')
  await ended
}

async function shell(command: string): Promise<{ exit: number; output: string }> {
  const script = `${command}\nprintf '\\n%s\\n' "$PWD" > "${folder}/cwd"`
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: here, env: environment })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      output += chunk
    })
  const [exit] = (await once(child, 'close')) as [number | null]
  if (exit === 0) here = (await readFile(join(folder, 'cwd'), 'utf8')).trim()
  return { exit: exit ?? -1, output }
}

async function startBackground({ text, ready = 'true', line }: CommandBlock): Promise<void> {
  const child = spawn('bash', ['-c', `exec ${/^\w+=/.test(text) ? `env ${text}` : text}`], {
    cwd: here,
    env: environment,
    detached: true,
    stdio: 'ignore',
  })
  background.push(child)
  const deadline = Date.now() + readyWithinMs
  while ((await shell(`${ready} > /dev/null 2>&1`)).exit !== 0) {
    if (child.exitCode !== null) throw new Error(`line ${line}: ${text} ended with ${child.exitCode}`)
    if (Date.now() > deadline) throw new Error(`line ${line}: ${text} is not ready`)
    await new Promise(resolve => setTimeout(resolve, 300))
  }
}

test('every command of the tutorial does what the page says', async () => {
  const ports = await freePorts()
  let page = await readFile(join(root, 'docs/tutorial/README.md'), 'utf8')
  for (const [written, free] of ports) page = page.replaceAll(written, free)
  const blocks = markdownCommands(page)
  expect(blocks.length).toBeGreaterThan(15)
  for (const block of blocks) {
    if (block.background !== undefined) {
      await startBackground(block)
      continue
    }
    const { exit, output } = await shell(block.text)
    const said = { line: block.line, command: block.text, exit, output }
    expect(said).toEqual({ ...said, exit: block.exit })
    for (const expected of block.expected)
      expect(said).toEqual({ ...said, output: expect.stringContaining(expected) })
  }
})
