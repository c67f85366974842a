import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { LoadOrder, LoadResult } from './load-order.ts'

/** A process of a benchmark; ends with `close`, or with this process. */
export type BenchProcess = {
  pid: number
  /** The first line it printed. */
  ready: Record<string, unknown>
  /** Writes a line to its stdin and answers the next line that it prints. */
  exchange(line: string): Promise<string>
  /** Processor time spent so far, in µs; undefined off Linux. */
  cpuMicros(): number | undefined
  /** Resident memory in bytes; undefined off Linux. */
  residentBytes(): number | undefined
  close(): Promise<void>
}

const clockTicks = 100

/**
 * Starts a main and waits for the line with which it says that it serves.
 * @param announces false for one that prints nothing until asked
 * @param stderr ignored where its log is of no interest
 */
export async function startProcess(
  main: string,
  args: readonly string[],
  env: Record<string, string> = {},
  announces = true,
  stderr: 'inherit' | 'ignore' = 'inherit',
): Promise<BenchProcess> {
  // `env` adds to the environment that it inherits, and becomes the process that it starts.
  const added = Object.entries({ ...env, STRANGLER_SUPERVISED: '1' }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...args]
  const child = spawn('env', [...added, ...command], { stdio: ['pipe', 'pipe', stderr] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${main} ended early`)
    return value
  }
  const ready = announces ? (JSON.parse(await next()) as Record<string, unknown>) : {}
  const pid = child.pid ?? 0
  return {
    pid,
    ready,
    exchange(line) {
      child.stdin.write(`${line}\n`)
      return next()
    },
    cpuMicros: () => cpuMicrosOf(pid),
    residentBytes: () =>
      readProc(pid, 'status', text => Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1_024),
    close: () => end(child),
  }
}

/** The load generator, with its orders typed. */
export async function startLoad(): Promise<{
  run(order: LoadOrder): Promise<LoadResult>
  close(): Promise<void>
}> {
  const generator = await startProcess(`${import.meta.dirname}/load-main.ts`, [], {}, false)
  return {
    run: async order => JSON.parse(await generator.exchange(JSON.stringify(order))) as LoadResult,
    close: generator.close,
  }
}

/** Processor time that a process has spent, in µs; undefined off Linux. */
export function cpuMicrosOf(pid: number): number | undefined {
  return readProc(pid, 'stat', text => ticksOf(text) * (1_000_000 / clockTicks))
}

function readProc<T>(pid: number, file: string, read: (text: string) => T): T | undefined {
  try {
    return read(readFileSync(`/proc/${pid}/${file}`, 'utf8'))
  } catch {
    return undefined
  }
}

/** proc(5): utime and stime are the 14th and 15th field; the name before them may hold blanks. */
function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  const cut = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await ended
  clearTimeout(cut)
}
