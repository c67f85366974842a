import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { FailPoint } from '../cutover/fail-points.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import { type Fault, readFault } from '../faults/fault-name.ts'
import { injectFault } from '../faults/inject-fault.ts'
import { type StrayWriter, type StrayWrites, startStrayWriter } from '../faults/stray-writer.ts'
import type { Plan } from '../plan/plan.ts'
import { createRandom } from './random.ts'

/** What is done to the system during a drill, if anything. */
export type DrillFault = {
  planned: boolean
  /** The same fail-point, which also injects the fault at its place. */
  at(failPoint: FailPoint): FailPoint
  /** Resolves once the system has what it needs again. */
  healed(): Promise<void>
  begin(): void
  /** Between these two legacy must take nobody's writes. */
  ownerMoved(): void
  ownerReturns(): void
  end(): Promise<void>
  findings(): string[]
  report(): { name: string; point: string; outcome: string } | null
}

const none: DrillFault = {
  planned: false,
  at: failPoint => failPoint,
  healed: async () => {},
  begin: () => {},
  ownerMoved: () => {},
  ownerReturns: () => {},
  end: async () => {},
  findings: () => [],
  report: () => null,
}

/**
 * @param text `NAME` or `NAME@POINT`; undefined: nothing is done
 * @throws ToolkitError FAULT_UNKNOWN, FAULTS_OFF
 */
export function planFault(
  parts: SwitchParts,
  plan: Plan,
  text: string | undefined,
  seed: number,
): DrillFault {
  if (text === undefined) return none
  const random = createRandom(seed)
  const fault = readFault(text, random)
  const { faults } = parts
  if (faults === undefined)
    throw new ToolkitError('FAULTS_OFF', 'this engine does not inject faults', {
      hint: 'start it with STRANGLER_FAULTS=allow and STRANGLER_RUN_FILE, on a system that may break',
    })
  return createDrillFault(fault, {
    inject: () => injectFault(parts, faults, plan, fault, random),
    startStray: () => startStrayWriter(parts.sidesOf(plan).legacy, plan.tables[0]!.legacy),
  })
}

/** @param act what it does to the system; another one in tests */
export function createDrillFault(
  fault: Fault,
  act: { inject(): Promise<string>; startStray(): StrayWriter },
): DrillFault {
  let injected: Promise<string> | undefined
  let outcome = 'its point was never reached'
  const failures: string[] = []
  let stray: StrayWriter | undefined
  let whileMoved: StrayWrites | undefined

  async function inject(): Promise<string> {
    try {
      outcome = await act.inject()
    } catch (error) {
      outcome = messageOf(error)
      failures.push(`${fault.name}: ${outcome}`)
    }
    return outcome
  }

  return {
    planned: true,
    at: failPoint => name => {
      failPoint(name)
      if (name === fault.point) injected ??= inject()
    },
    healed: async () => {
      await injected
    },
    begin: () => {
      if (fault.kind.do === 'stray-writer') stray = act.startStray()
    },
    ownerMoved: () => {
      stray?.take()
    },
    ownerReturns: () => {
      whileMoved = stray?.take()
    },
    end: async () => {
      await stray?.stop()
      await injected
    },
    findings: () => [
      ...failures,
      ...(injected === undefined ? [`${fault.name}: ${outcome}`] : []),
      ...((whileMoved?.accepted ?? 0) > 0
        ? [`${whileMoved!.accepted} stray writes were accepted while the extracted side owned them`]
        : []),
      ...(fault.kind.do === 'stray-writer' && (whileMoved?.refused ?? 0) === 0
        ? ['the stray writer was never refused: nothing was proven of the fence']
        : []),
    ],
    report: () => ({
      name: fault.name,
      point: fault.point,
      outcome: whileMoved === undefined ? outcome : `${outcome}: ${whileMoved.refused} refused by the fence`,
    }),
  }
}
