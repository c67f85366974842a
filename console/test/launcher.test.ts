import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { json, startFake, stateFolder } from './fake-system.ts'

const workspace = dirname(import.meta.dirname)
const launcher = join(workspace, 'bin/strangler.js')
const nodes = { 'this Node': process.execPath, "the system's Node": systemNode() }

/** A Node of the machine outside node_modules; the one we run under where there is no other. */
function systemNode(): string {
  const folders = (process.env.PATH ?? '').split(':').filter(folder => !folder.includes('node_modules'))
  return folders.map(folder => join(folder, 'node')).find(isThere) ?? process.execPath
}

function isThere(path: string): boolean {
  return process.getBuiltinModule('node:fs').existsSync(path)
}

function launch(node: string, file: string, args: readonly string[], cwd = '/') {
  const { STRANGLER_TOKEN: _, ...env } = process.env
  return new Promise<{ exit: number; stdout: string; stderr: string }>(resolve => {
    execFile(node, [file, ...args], { cwd, env }, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

test.each(Object.entries(nodes))('%s starts the command line', async (_name, node) => {
  await using engine = await startFake(json({ generation: 3, capabilities: [] }))
  await using system = await stateFolder({ engine: { pid: 1, url: engine.url } })
  const ran = await launch(node, launcher, ['status', '--json'], system.folder)
  expect(ran).toMatchObject({ exit: 0, stderr: '' })
  expect(JSON.parse(ran.stdout)).toEqual({ generation: 3, capabilities: [] })
})

test('the exit code of bad usage comes through, with a suggestion and no stack', async () => {
  const ran = await launch(nodes["the system's Node"], launcher, ['rolback', 'customers'])
  expect(ran.exit).toBe(2)
  expect(ran.stderr).toContain('Did you mean rollback?')
  expect(ran.stderr).not.toMatch(/\n\s+at /)
})

test('a reader that closes early is no failure', async () => {
  const child = spawn(process.execPath, [launcher, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += chunk))
  const [code] = (await once(child, 'close')) as [number]
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

/** A repository of its own: this launcher and this command line beside a proxy that only the test knows. */
let repository: string
beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'strangler-launcher-'))
  await cp(join(workspace, 'bin'), join(repository, 'console/bin'), { recursive: true })
  await cp(join(workspace, 'src'), join(repository, 'console/src'), { recursive: true })
  await cp(join(workspace, 'package.json'), join(repository, 'console/package.json'))
  await symlink(join(dirname(workspace), 'node_modules'), join(repository, 'node_modules'))
  await mkdir(join(repository, 'strangler-proxy/src'), { recursive: true })
  await writeFile(
    join(repository, 'strangler-proxy/src/main.ts'),
    `const args: string[] = process.argv.slice(2)
process.on('SIGTERM', () => { process.stdout.write('stopped\\n', () => process.exit(0)) })
process.stdout.write(JSON.stringify({ args, pid: process.pid }) + '\\n')
if (args.includes('--bad')) process.exit(2)
setInterval(() => {}, 1000)
`,
  )
})
afterAll(() => rm(repository, { recursive: true, force: true }))

function startProxy() {
  const file = join(repository, 'console/bin/strangler.js')
  return spawn(nodes["the system's Node"], [file, 'proxy', '--config', 'x.yaml'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('proxy runs as a child with the same arguments and its exit code', async () => {
  const ran = await launch(nodes["the system's Node"], join(repository, 'console/bin/strangler.js'), [
    'proxy',
    '--bad',
    '--workers',
    '2',
  ])
  expect(ran.exit).toBe(2)
  expect(JSON.parse(ran.stdout)).toMatchObject({ args: ['proxy', '--bad', '--workers', '2'] })
})

test('a signal to the launcher reaches the proxy, and its orderly end is the launcher’s', async () => {
  const child = startProxy()
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(0)
  expect(output).toContain('stopped')
})

test('a launcher killed by kill -9 leaves no proxy behind', async () => {
  const child = startProxy()
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  await once(child.stdout, 'data')
  const { pid } = JSON.parse(output) as { pid: number }
  child.kill('SIGKILL')
  // The pipe closes when the last process that holds it has ended.
  await once(child, 'close')
  expect(output).toContain('stopped')
  expect(() => process.kill(pid, 0)).toThrow()
})
