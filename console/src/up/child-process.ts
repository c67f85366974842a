import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type ChildSpec = {
  name: string
  command: readonly string[]
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  /** Where it listens once it is up; undefined for one that prints a ready line. */
  url: string | undefined
  /** What it writes to stdout after that line, and to stderr. */
  logFile: string
}

export type Child = {
  name: string
  pid: number
  /** What it said when it was ready. */
  ready: Readonly<Record<string, unknown>>
  /** Resolves with a few words when it ends. */
  ended: Promise<string>
  stop(): Promise<void>
}

const readyWithinMs = 60_000
const stopWithinMs = 15_000
const pollMs = 100

/**
 * Starts a process and waits until it is ready. It ends with us: its stdin closes, and so does its channel.
 * @throws ToolkitError PROCESS_FAILED with the last lines it wrote
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const [file = '', ...args] = spec.command
  const log = createWriteStream(spec.logFile, { flags: 'a', mode: 0o600 })
  log.on('error', () => {})
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env: { ...spec.env, STRANGLER_SUPERVISED: '1' },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  })
  child.stdin?.on('error', () => {})
  const tail: string[] = []
  const note = (line: string) => {
    log.write(`${line}\n`)
    tail.push(line)
    if (tail.length > 16) tail.shift()
  }
  const ended = new Promise<string>(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) => resolve(signal === null ? `exit ${code}` : signal))
  })
  createInterface({ input: child.stderr! }).on('line', note)
  const stop = () => stopChild(child, ended)
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), readyWithinMs)
  try {
    const ready = await Promise.race([
      spec.url === undefined ? readyLine(child, note) : listening(child, spec.url, note, deadline.signal),
      ended.then(how => {
        throw failed(spec.name, `ended before it was ready (${how})`, tail)
      }),
      new Promise<never>((_resolve, reject) => {
        deadline.signal.addEventListener('abort', () =>
          reject(failed(spec.name, `was not ready within ${readyWithinMs / 1_000} s`, tail)),
        )
      }),
    ])
    return { name: spec.name, pid: child.pid!, ready, ended, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
    void ended.then(() => log.end())
  }
}

function readyLine(child: ChildProcess, note: (line: string) => void): Promise<Record<string, unknown>> {
  return new Promise(resolve => {
    createInterface({ input: child.stdout! }).on('line', line => {
      try {
        const said = JSON.parse(line) as Record<string, unknown>
        if (said.ready === true) return resolve(said)
      } catch {}
      note(line)
    })
  })
}

async function listening(
  child: ChildProcess,
  url: string,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  createInterface({ input: child.stdout! }).on('line', note)
  const { hostname, port } = new URL(url)
  while (!signal.aborted && child.exitCode === null) {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 80 })
    const open = await new Promise<boolean>(resolve => {
      socket.on('connect', () => resolve(true))
      socket.on('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return { ready: true, url }
    await new Promise(resolve => setTimeout(resolve, pollMs))
  }
  return new Promise(() => {})
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await ended
  clearTimeout(kill)
}

function failed(name: string, how: string, tail: readonly string[]): ToolkitError {
  const said = tail.map(line => `\n  ${line.slice(0, 500)}`).join('')
  return new ToolkitError('PROCESS_FAILED', `${name} ${how}${said}`, {
    details: { process: name },
    hint: `its log: .strangler/logs/${name}.log; npx strangler doctor looks for what stands in the way`,
  })
}
