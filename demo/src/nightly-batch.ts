import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { DemoReport } from './report/demo-report.ts'

export type BatchRun = DemoReport['batch'][number]
export type NightlyBatch = {
  runs(): readonly BatchRun[]
  runOnce(): Promise<BatchRun>
  stop(): Promise<void>
}

const run = promisify(execFile)
const pauseMs = 1_500

/** The shop's credit batch, run again and again as its own program with its own account, past any proxy. */
export function startNightlyBatch(
  node: string,
  root: string,
  env: NodeJS.ProcessEnv,
  nowMs: () => number,
): NightlyBatch {
  const runs: BatchRun[] = []
  const stopped = new AbortController()
  const main = join(root, 'legacy-monolith/src/nightly-batch-main.ts')

  async function runOnce(): Promise<BatchRun> {
    const atMs = nowMs()
    const done = await run(node, [main, '--limit', '200'], { env }).then(
      ({ stdout }) => ({ atMs, reviewed: lastJson(stdout).reviewed ?? 0, refused: null }),
      (error: { stdout?: string; stderr?: string }) => ({
        atMs,
        reviewed: lastJson(error.stdout ?? '').reviewed ?? 0,
        refused: (error.stderr ?? '').trim().split('\n').pop() || 'refused without a word',
      }),
    )
    runs.push(done)
    return done
  }

  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await runOnce()
      await delay(pauseMs, undefined, { signal: stopped.signal }).catch(() => {})
    }
  })()
  return {
    runs: () => runs,
    runOnce,
    stop: async () => {
      stopped.abort()
      await loop
    },
  }
}

function lastJson(stdout: string): { reviewed?: number } {
  try {
    return JSON.parse(stdout.trim().split('\n').pop() ?? '') as { reviewed?: number }
  } catch {
    return {}
  }
}
