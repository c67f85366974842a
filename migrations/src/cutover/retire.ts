import { randomUUID } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { CapabilityState } from '../journal/capability-state.ts'
import type { Entry } from '../journal/journal.ts'
import { changeRoutes, statusOfEach } from '../operator/proxies.ts'
import type { Plan } from '../plan/plan.ts'
import { phaseGate, syncGate, verificationGate } from './gates.ts'
import { orRefusal, type Refusal, refuse } from './refusal.ts'
import type { Order, SwitchParts } from './switch-parts.ts'
import { rowsOf, verifyAll } from './verify-sides.ts'

export type Retired = {
  capability: string
  stage: 'retired'
  epoch: number
  verifiedRows: number | null
  generations: Record<string, number>
}

/** Everything that speaks against an end without a way back; nothing is changed. Empty when nothing does. */
export async function retireRefusals(
  parts: SwitchParts,
  plan: Plan,
  signal: AbortSignal,
): Promise<Refusal[]> {
  const state = await parts.journal.state(plan.capability)
  if (state.phase === 'retired') return []
  const standing = ownerGate(state)
  if (standing.length > 0) return standing
  const found = await Promise.all(
    [soak(parts, plan), verification(parts, plan), sync(parts, plan), readers(parts, plan, signal)].map(
      orRefusal,
    ),
  )
  return found.flat()
}

/**
 * Ends a migration: a last verification, the sync back stopped, the journal, one generation. The fence on legacy stays
 * for good. Repeating it ends what an earlier one began.
 * @throws ToolkitError VERIFY_DIVERGED; PROXY_SILENT when the journal says retired and a proxy does not know yet
 */
export async function retire(parts: SwitchParts, plan: Plan, order: Order): Promise<Retired> {
  const { capability } = plan
  const before = await parts.journal.state(capability)
  const verifiedRows = before.phase === 'retired' ? null : await close(parts, plan, order, before)
  const change = { capability, stage: 'retired' as const }
  order.onProgress({ step: 'retire', message: 'one generation at every proxy' })
  const generations = await changeRoutes(parts.proxies, [change], order.by, order.reason, order.signal)
  return { capability, stage: 'retired', epoch: before.epoch, verifiedRows, generations }
}

/** Up to the journal: from there on the engine starts no sync any more. @returns how many rows were equal at the end */
async function close(parts: SwitchParts, plan: Plan, order: Order, state: CapabilityState): Promise<number> {
  const { capability } = plan
  const run = { id: randomUUID(), capability, action: 'retire', epoch: state.epoch, operator: order.by }
  const note = (phase: CapabilityState['phase'], entry: Entry) =>
    parts.journal.record(order.lease, run, phase, [entry])
  order.onProgress({ step: 'retire', message: 'verify for the last time' })
  const result = await verifyAll(parts, plan, parts.syncs.current(capability)!, order.signal, progress =>
    order.onProgress({
      step: 'verify',
      message: progress.table,
      done: progress.rows,
      total: progress.total,
    }),
  )
  if (!result.ok)
    throw new ToolkitError('VERIFY_DIVERGED', `${capability} is not retired: the sides differ`, {
      details: { result },
      hint: `strangler verify ${capability} shows where`,
    })
  order.failPoint('retire.stopSync.before')
  await note('syncing', { verb: 'stopSync', moment: 'before' })
  order.onProgress({ step: 'retire', message: 'stop the sync back to legacy' })
  await parts.syncs.stop(capability)
  order.failPoint('retire.journal.before')
  if (!(await parts.journal.movePhase(order.lease, ['syncing'], 'retired')))
    throw new ToolkitError('LEASE_LOST', `${capability} was changed meanwhile, and is not retired`, {
      hint: 'see what it is now: strangler status',
    })
  await parts.alarms.set(capability, [], order.by)
  await note('retired', { verb: 'retire', moment: 'after', details: { rows: rowsOf(result) } })
  order.failPoint('retire.journal.after')
  return rowsOf(result)
}

function ownerGate(state: CapabilityState): Refusal[] {
  const { capability, owner } = state
  if (owner === 'extracted') return phaseGate(state)
  return refuse(
    'STAGE_NEEDS_CUTOVER',
    `legacy owns the writes of ${capability}; only a cutover moves them`,
    { owner },
    `strangler cutover ${capability}`,
  )
}

async function soak(parts: SwitchParts, { capability, gates }: Plan): Promise<Refusal[]> {
  const sinceMs = await parts.evidence.ownerSinceMs(capability)
  const seconds = Math.floor((sinceMs ?? 0) / 1_000)
  return seconds >= gates.soakSeconds
    ? []
    : refuse(
        'SOAK_NOT_OVER',
        `the extracted side has owned ${capability} for ${seconds} s < ${gates.soakSeconds} s`,
        { seconds, soakSeconds: gates.soakSeconds },
        'wait: until then a rollback stays possible',
      )
}

async function verification(parts: SwitchParts, { capability, gates }: Plan): Promise<Refusal[]> {
  return verificationGate(await parts.evidence.lastVerification(capability), capability, gates)
}

async function sync(parts: SwitchParts, { capability, gates }: Plan): Promise<Refusal[]> {
  return syncGate(parts.syncs.current(capability)?.sync.status(), capability, gates)
}

/** The monolith's tables stand still from here on: whoever reads them there must have moved before. */
async function readers(parts: SwitchParts, plan: Plan, signal: AbortSignal): Promise<Refusal[]> {
  const dependent = [...(parts.plans?.values() ?? [])].filter(
    ({ dependsOn = [], reads = [] }) =>
      dependsOn.includes(plan.capability) || reads.includes(plan.capability),
  )
  const names = new Set([...dependent.map(({ capability }) => capability), ...(plan.readBy ?? [])])
  const { statuses, silent } = await statusOfEach(parts.proxies, signal)
  if (silent.length > 0)
    return refuse('PROXY_SILENT', `${silent.join(', ')} gave no answer`, { silent }, 'see strangler status')
  return [...names].flatMap(name => {
    const stages = statuses.map(
      ({ status }) => status.capabilities.find(capability => capability.name === name)?.stage ?? 'legacy',
    )
    const stage = stages.find(each => each !== 'extracted' && each !== 'retired')
    return stage === undefined
      ? []
      : refuse(
          'STILL_READ',
          `${name} is in stage ${stage}: the monolith still reads ${plan.capability} for it`,
          { reader: name, stage },
          `move ${name} first: strangler run ${name}`,
        )
  })
}
