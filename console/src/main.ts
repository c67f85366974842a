import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import manifest from '../package.json' with { type: 'json' }
import type { Output, ProgramAnswer } from './cli.ts'
import { runCli } from './run-cli.ts'

/** `strangler`: the composition root of the command line. */
const proxyFolder = join(dirname(dirname(import.meta.dirname)), 'strangler-proxy/src')
const aclMain = join(dirname(dirname(import.meta.dirname)), 'acl-adapters/src/acl-main.ts')
const connectorMain = join(
  dirname(dirname(import.meta.dirname)),
  'migrations/debezium-connector-config/src/main.ts',
)
const askable = { proxy: join(proxyFolder, 'main.ts'), acl: aclMain, connector: connectorMain } as const
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
const secondPressMs = 500

const interruption = new AbortController()
let interruptedAt: number | undefined
let forward: ((signal: NodeJS.Signals) => void) | undefined

for (const signal of signals) process.on(signal, () => interrupt(signal))
// Our parent is the launcher in bin/; when it is killed the channel breaks, and nothing is to be left behind.
process.on('disconnect', () => interrupt('SIGTERM'))
process.channel?.unref()
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await runCli(process.argv.slice(2), {
  cwd: process.cwd(),
  user: userName(),
  uid: process.getuid?.(),
  token: process.env.STRANGLER_TOKEN === '' ? undefined : process.env.STRANGLER_TOKEN,
  env: process.env,
  version: manifest.version,
  nodeVersion: process.version,
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  signal: interruption.signal,
  runProxy,
  runAcl: args => runChild(aclMain, args),
  ask: (program, args) => askChild(askable[program], args),
  programs: {
    node: process.execPath,
    strangler: join(import.meta.dirname, 'main.ts'),
    proxy: join(proxyFolder, 'main.ts'),
    engine: join(dirname(dirname(import.meta.dirname)), 'migrations/src/main.ts'),
    dashboard: join(import.meta.dirname, 'dashboard-main.ts'),
  },
  question: process.stdin.isTTY === true && process.stdout.isTTY === true ? question : undefined,
  now: Date.now,
  elapsed: () => performance.now(),
  idleMs: 60_000,
  connectMs: 5_000,
})
// Sockets kept alive for a next request would hold the process for seconds.
process.stdout.write('', () => process.exit())

/** A terminal's Ctrl-C comes twice (from it and through the launcher); only one pressed again ends us at once. */
function interrupt(signal: NodeJS.Signals): void {
  if (forward !== undefined) {
    forward(signal)
    return
  }
  const now = performance.now()
  interruptedAt ??= now
  if (now - interruptedAt > secondPressMs) process.exit(1)
  interruption.abort()
}

function runProxy(args: readonly string[], main = 'main.ts'): Promise<number> {
  return runChild(join(proxyFolder, main), args)
}

function requireProgram(main: string): void {
  if (!existsSync(main))
    throw new ToolkitError('PROGRAM_MISSING', `there is no program at ${main}`, {
      hint: 'strangler runs from its repository: keep its folders together, and run npm ci there',
    })
}

function askChild(main: string, args: readonly string[]): Promise<ProgramAnswer> {
  requireProgram(main)
  const all = ['--disable-warning=ExperimentalWarning', main, ...args]
  return new Promise(resolve => {
    execFile(process.execPath, all, { maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr })
    })
  })
}

async function question(text: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(text, { signal: interruption.signal })
  } finally {
    terminal.close()
  }
}

function runChild(main: string, args: readonly string[]): Promise<number> {
  requireProgram(main)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: 'inherit',
  })
  forward = signal => child.kill(signal)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 1))
  })
}

function outputOf(stream: NodeJS.WriteStream): Output {
  const terminal = stream.isTTY === true && process.env.TERM !== 'dumb'
  const noColour = process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== ''
  return {
    write: text => stream.write(text),
    terminal,
    width: stream.columns ?? 80,
    coloured: terminal && !noColour,
  }
}

/** A user id without a name (in a container, say) has no user info. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER ?? 'unknown'
  }
}
