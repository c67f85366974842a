import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isRecord, recordOf } from '../render/json-fields.ts'
import { type Child, type ChildSpec, startChild } from './child-process.ts'

export type RunningSystem = {
  processes: Readonly<Record<string, { pid: number; url?: unknown; adminUrl?: unknown }>>
  /** Resolves once it is over: with why, where it was not asked to stop. */
  over: Promise<string | undefined>
  stop(): Promise<void>
}

/** One that ends by itself is started again, so often within a minute; then everything is given up. */
const mostRestarts = 5
const restartAfterMs = 1_000

/**
 * Starts them in order and keeps them running; `run.json` names them for the other verbs.
 * @throws ToolkitError ALREADY_RUNNING, PROCESS_FAILED; what had started is stopped again
 */
export async function runSystem(
  stateDir: string,
  specs: readonly ChildSpec[],
  onEvent: (text: string) => void,
): Promise<RunningSystem> {
  await refuseSecond(stateDir)
  await mkdir(join(stateDir, 'logs'), { recursive: true, mode: 0o700 })
  const children = new Map<string, Child>()
  const processes: Record<string, { pid: number; url?: unknown; adminUrl?: unknown }> = {}
  let stopping = false
  let settle: (why: string | undefined) => void = () => {}
  const over = new Promise<string | undefined>(resolve => {
    settle = resolve
  })

  const begin = async (spec: ChildSpec) => {
    const child = await startChild(spec)
    children.set(spec.name, child)
    const { url, adminUrl } = child.ready
    processes[spec.name] = { pid: child.pid, url, ...(adminUrl === undefined ? {} : { adminUrl }) }
    await writeRunFile(stateDir, processes)
    return child
  }
  const stop = async () => {
    if (stopping) return
    stopping = true
    for (const spec of [...specs].reverse()) await children.get(spec.name)?.stop()
    await rm(join(stateDir, 'run.json'), { force: true })
    settle(undefined)
  }
  const watch = async (spec: ChildSpec, first: Child) => {
    const restarts: number[] = []
    for (let child = first; ; ) {
      const how = await child.ended
      if (stopping) return
      const now = performance.now()
      restarts.push(now)
      const recent = restarts.filter(at => now - at < 60_000).length
      if (recent > mostRestarts) return giveUp(`${spec.name} ended ${recent} times within a minute (${how})`)
      onEvent(`${spec.name} ended (${how}) and is started again`)
      await new Promise(resolve => setTimeout(resolve, restartAfterMs))
      if (stopping) return
      try {
        child = await begin(spec)
      } catch (error) {
        return giveUp(messageOf(error))
      }
    }
  }
  const giveUp = async (why: string) => {
    await stop()
    settle(why)
  }

  try {
    for (const spec of specs) {
      onEvent(`starting ${spec.name}`)
      void watch(spec, await begin(spec))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { processes, over, stop }
}

async function writeRunFile(stateDir: string, processes: unknown): Promise<void> {
  const path = join(stateDir, 'run.json')
  await writeFile(`${path}.new`, `${JSON.stringify({ processes }, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function refuseSecond(stateDir: string): Promise<void> {
  const text = await readFile(join(stateDir, 'run.json'), 'utf8').catch(() => '{}')
  let run: unknown
  try {
    run = JSON.parse(text)
  } catch {}
  const found = Object.entries(recordOf(recordOf(run).processes))
  const alive = found.find(([, process]) => isRecord(process) && isAlive(Number(process.pid)))
  if (alive === undefined) return
  throw new ToolkitError('ALREADY_RUNNING', `a system already runs from ${stateDir} (${alive[0]})`, {
    hint: 'stop it with Ctrl-C in its terminal, or use that one: npx strangler status',
  })
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !isToolkitError(error) && (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
