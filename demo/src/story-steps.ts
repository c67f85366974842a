import { setTimeout as delay } from 'node:timers/promises'
import type { CapabilityStatus, OperatorView } from './operator-view.ts'
import type { Cli, CliResult } from './strangler-cli.ts'
import type { Teller } from './teller.ts'

/** Runs a command as an operator would, shows it, and tells what came of it in one line. */
export type RunStep = (
  label: string,
  args: readonly string[],
  outcome: (result: CliResult) => string,
  allowed?: readonly number[],
) => Promise<CliResult>

/** @returns a step that throws when the command ends with an exit that is not allowed */
export function createRunStep(teller: Teller, cli: Cli): RunStep {
  return async (label, args, outcome, allowed = [0]) => {
    const command = `npx strangler ${args.map(arg => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}`
    const ended = ({ exit }: CliResult) => allowed.includes(exit)
    const result = await teller.step(
      label,
      command,
      () => cli([...args], teller.progress),
      result => (ended(result) ? outcome(result) : `exit ${result.exit}: ${refusals(result)}`),
    )
    if (!ended(result))
      throw new Error(
        `strangler ${args.join(' ')} ended with exit ${result.exit}: ${JSON.stringify(result.json)}`,
      )
    return result
  }
}

export function inSeconds(result: CliResult): string {
  return `done in ${(result.ms / 1_000).toFixed(1)} s`
}

export type SwitchJson = { ms: number; hold: { p50Ms: number; p99Ms: number; maxMs: number } }
export type DrillJson = {
  ok: boolean
  writes: { acknowledged: number; lost: number; duplicated: number }
  hold: { p99Ms: number }
  cutoverMs: number
  rollbackMs: number
}

/** Watches the comparison until `enough`, at most 20 s. */
export async function observe(
  teller: Teller,
  view: OperatorView,
  label: string,
  enough: (status: CapabilityStatus) => boolean,
): Promise<CapabilityStatus> {
  return teller.step(
    label,
    null,
    async () => {
      for (let waited = 0; ; waited += 250) {
        const status = await view.status()
        if (enough(status) || waited > 20_000) return status
        teller.progress(`${status.comparison.samples} compared, ${status.comparison.diverged} diverged`)
        await delay(250)
      }
    },
    ({ comparison }) =>
      `${comparison.samples} compared, ${comparison.diverged} diverged: ${comparison.verdict}`,
  )
}

export function refusals(result: CliResult): string {
  const list = (result.json.refusals ?? []) as { code: string; message: string }[]
  return list.map(({ message }) => message).join('; ')
}

export function describeDivergences(result: CliResult): string {
  const list = (result.json.divergences ?? []) as {
    route: string
    path: string
    count: number
    before: unknown
    after: unknown
  }[]
  const first = list[0]
  return first === undefined
    ? 'nothing'
    : `${list.length} paths; ${first.route} ${first.path}, ${first.count} times: legacy ${String(first.before)}, extracted ${String(first.after)}`
}

export function describeDrill(result: CliResult): string {
  const { ok, writes, hold, cutoverMs, rollbackMs } = result.json as unknown as DrillJson
  return `${ok ? 'passed' : 'FAILED'}: ${writes.acknowledged} writes acknowledged, ${writes.lost} lost, ${writes.duplicated} twice; held p99 ${hold.p99Ms.toFixed(0)} ms; cutover ${cutoverMs.toFixed(0)} ms, rollback ${rollbackMs.toFixed(0)} ms`
}

export function describeSwitch(result: CliResult): string {
  const { ms, hold } = result.json as unknown as SwitchJson
  return `switched in ${ms.toFixed(0)} ms; writes were held ${hold.p99Ms.toFixed(0)} ms at p99`
}

export function rowsOf(result: CliResult): number {
  return ((result.json.tables ?? []) as { rows: number }[]).reduce((sum, table) => sum + table.rows, 0)
}

export function describeVerified(result: CliResult): string {
  return `${rowsOf(result)} rows compared, ${result.exit === 0 ? 'all equal' : 'NOT equal'}`
}
