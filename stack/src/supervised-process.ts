import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Ready } from '@strangler/kit/run-main.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type ProcessSpec = {
  /** As it appears in run.json, in logs and in messages. */
  name: string
  /** Path of its `main.ts`. */
  main: string
  args?: readonly string[]
  env: Readonly<Record<string, string>>
}

export type SupervisedProcess = {
  pid: number
  ready: Ready
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; lastLines: readonly string[] }>
  kill(signal: NodeJS.Signals): void
  /** Ends it in order: its lifeline is cut, then, after 20 s, it is killed. */
  stop(): Promise<void>
}

const readyWithinMs = 30_000

/**
 * Starts a process of ours and waits for its readiness line.
 * Its stdin is a pipe that we hold open: a process whose supervisor is gone reads the end of it and stops.
 * @param node the executable
 * @param baseEnv what every process gets besides its own variables
 * @throws ToolkitError PROCESS_FAILED when it ends or stays silent instead of becoming ready
 */
export async function startProcess(
  node: string,
  baseEnv: NodeJS.ProcessEnv,
  spec: ProcessSpec,
  onLog: (name: string, line: string) => void,
): Promise<SupervisedProcess> {
  const lifeline = { STRANGLER_SUPERVISED: '1', EXIT_WITH_STDIN: '1' }
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', spec.main, ...(spec.args ?? [])], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...baseEnv, ...spec.env, ...lifeline },
  })
  child.stdin.on('error', () => {})
  const lastLines: string[] = []
  createInterface({ input: child.stderr }).on('line', line => {
    lastLines.push(line)
    if (lastLines.length > 10) lastLines.shift()
    onLog(spec.name, line)
  })
  const ended = new Promise<Awaited<SupervisedProcess['ended']>>(resolve =>
    child.on('close', (code, signal) => resolve({ code, signal, lastLines })),
  )
  const ready = await untilReady(spec.name, child, ended)
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal)
  }
  return {
    pid: child.pid!,
    ready,
    ended,
    kill,
    stop: async () => {
      child.kill('SIGCONT')
      child.stdin.end()
      const slow = setTimeout(() => kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(slow)
    },
  }
}

function untilReady(name: string, child: ChildProcess, ended: SupervisedProcess['ended']): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, lines: readonly string[]) => {
      clearTimeout(silence)
      reject(
        new ToolkitError('PROCESS_FAILED', `${name} ${what}${lines.map(line => `\n  ${line}`).join('')}`),
      )
    }
    const silence = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`was not ready within ${readyWithinMs / 1000} s`, [])
    }, readyWithinMs)
    child.on('error', error => fail(`could not be started: ${error.message}`, []))
    void ended.then(({ code, signal, lastLines }) =>
      fail(`ended (${signal ?? `exit ${code}`}) before it was ready`, lastLines),
    )
    createInterface({ input: child.stdout! }).on('line', line => {
      const ready = parseReady(line)
      if (ready === undefined) return
      clearTimeout(silence)
      resolve(ready)
    })
  })
}

function parseReady(line: string): Ready | undefined {
  try {
    const value = JSON.parse(line) as Ready & { ready?: unknown }
    return value.ready === true ? value : undefined
  } catch {
    return undefined
  }
}
