import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type RunningProcess, removeRunFile, writeRunFile } from './run-file.ts'
import { type ProcessSpec, type SupervisedProcess, startProcess } from './supervised-process.ts'

export type Supervised = ProcessSpec & {
  /** `restart`: it may die at any moment without harm and is started again; `stop`: its death stops the system. */
  onCrash: 'restart' | 'stop'
}

export type AdoptedServer = {
  name: string
  running: RunningProcess
  /** The file that says why, when it ends. */
  log: string
  ended: Promise<unknown>
  stop(): Promise<void>
}

export type Supervisor = {
  start(spec: Supervised): Promise<RunningProcess>
  /**
   * Adds a server started elsewhere: it is stopped after all that started later.
   * @param revive starts it again when it ends by itself; without it, its end stops the system
   */
  adopt(server: AdoptedServer, revive?: () => Promise<AdoptedServer>): Promise<void>
  stop(name: string): Promise<void>
  kill(name: string, signal: NodeJS.Signals): void
  running(): Readonly<Record<string, RunningProcess>>
  /** Resolves with the reason when a part ended that must not. */
  failed: Promise<Error>
  stopAll(): Promise<void>
}

type Part = {
  running: RunningProcess
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
  expected: boolean
}

/** A process that dies this soon after it was ready, this often in a row, will not get better by itself. */
const hopeless = { withinMs: 500, inARow: 5 }

/**
 * Keeps the processes of one system: starts them, records them in run.json, restarts those that may crash,
 * and stops everything, last started first, when asked or when one ends that must not.
 */
export function createSupervisor(
  stateDir: string,
  node: string,
  baseEnv: NodeJS.ProcessEnv,
  onLog: (name: string, line: string) => void,
): Supervisor {
  const parts = new Map<string, Part>()
  const crashes = new Map<string, number>()
  let stopping = false
  let fail: (error: Error) => void
  const failed = new Promise<Error>(resolve => {
    fail = resolve
  })

  const running = () => Object.fromEntries([...parts].map(([name, part]) => [name, part.running]))
  let recorded: Promise<unknown> = Promise.resolve()
  const record = () => {
    // One after the other: processes that start together share one file.
    recorded = recorded.then(() => (stopping ? undefined : writeRunFile(stateDir, { processes: running() })))
    return recorded
  }

  async function start(spec: Supervised): Promise<RunningProcess> {
    const child = await startProcess(node, baseEnv, spec, onLog)
    const { url, adminUrl } = child.ready
    const entry: RunningProcess = {
      pid: child.pid,
      url: url ?? '',
      ...(adminUrl === undefined ? {} : { adminUrl }),
    }
    const part: Part = { running: entry, stop: child.stop, kill: child.kill, expected: false }
    parts.set(spec.name, part)
    await record()
    void watch(spec, child, part)
    return entry
  }

  async function watch(spec: Supervised, child: SupervisedProcess, part: Part): Promise<void> {
    const readyAt = performance.now()
    const { code, signal, lastLines } = await child.ended
    if (stopping || part.expected) return
    const how = signal ?? `exit ${code}`
    onLog(spec.name, `ended unexpectedly (${how})`)
    if (spec.onCrash === 'stop' || isHopeless(spec.name, performance.now() - readyAt)) {
      const lines = lastLines.map(line => `\n  ${line}`).join('')
      fail(
        new ToolkitError('PROCESS_FAILED', `${spec.name} ended (${how})${lines}`, {
          hint: `its log says why; nothing else was lost`,
        }),
      )
      return
    }
    try {
      await start(spec)
    } catch (error) {
      fail(error as Error)
    }
  }

  async function adopt(server: AdoptedServer, revive?: () => Promise<AdoptedServer>): Promise<void> {
    const { name, running, stop } = server
    const part: Part = { running, stop, kill: () => {}, expected: false }
    parts.set(name, part)
    await record()
    void server.ended.then(async () => {
      if (stopping || part.expected) return
      onLog(name, 'ended unexpectedly')
      try {
        if (revive === undefined) throw serverEnded(server)
        await adopt(await revive(), revive)
      } catch (error) {
        fail(error as Error)
      }
    })
  }

  function isHopeless(name: string, livedMs: number): boolean {
    const inARow = livedMs < hopeless.withinMs ? (crashes.get(name) ?? 0) + 1 : 0
    crashes.set(name, inARow)
    return inARow >= hopeless.inARow
  }

  return {
    failed,
    start,
    running,
    adopt,
    stop: async name => {
      const part = parts.get(name)
      if (part === undefined) return
      part.expected = true
      await part.stop()
      parts.delete(name)
      await record()
    },
    kill: (name, signal) => parts.get(name)?.kill(signal),
    stopAll: async () => {
      if (stopping) return
      stopping = true
      for (const part of [...parts.values()].reverse()) await part.stop()
      await recorded
      await removeRunFile(stateDir)
    },
  }
}

function serverEnded({ name, log }: AdoptedServer): ToolkitError {
  return new ToolkitError('PROCESS_FAILED', `${name} ended`, {
    hint: `${log} says why; started again, it goes on with its data`,
  })
}
