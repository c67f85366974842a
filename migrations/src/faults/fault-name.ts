import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { failPoints } from '../cutover/fail-points.ts'
import { switchVerbs } from '../cutover/switcher.ts'

const parts = ['proxy', 'service', 'monolith', 'database'] as const
export type FaultPart = (typeof parts)[number]

export type FaultKind =
  | { do: 'kill' | 'pause'; part: FaultPart }
  | { do: 'kill-sync' | 'slow-network' | 'cut-network' | 'stray-writer' }

/** Everything that a drill can do to the system, besides killing the engine. */
export const faultNames: readonly string[] = [
  ...parts.flatMap(part => [`kill-${part}`, `pause-${part}`]),
  'kill-sync',
  'slow-network',
  'cut-network',
  'stray-writer',
]

/** A fault, and the fail-point at which it happens. */
export type Fault = { name: string; kind: FaultKind; point: string }

/**
 * Reads `NAME` or `NAME@POINT`; without a point one is drawn among those of a cutover and a rollback.
 * @param random in [0, 1)
 * @throws ToolkitError FAULT_UNKNOWN with the names, or with the points
 */
export function readFault(text: string, random: () => number): Fault {
  const [name = '', point = drawn(random)] = text.split('@', 2)
  if (!faultNames.includes(name))
    throw new ToolkitError('FAULT_UNKNOWN', `there is no fault ${JSON.stringify(name.slice(0, 80))}`, {
      details: { faults: faultNames },
      hint: `name one of: ${faultNames.join(', ')}, with @POINT where it shall happen`,
    })
  if (!failPoints.includes(point))
    throw new ToolkitError('FAULT_UNKNOWN', `there is no fail-point ${JSON.stringify(point.slice(0, 80))}`, {
      details: { failPoints },
      hint: 'such as cutover.fence.before',
    })
  return { name, kind: kindOf(name), point }
}

function kindOf(name: string): FaultKind {
  const [, verb, part] = /^(kill|pause)-(proxy|service|monolith|database)$/.exec(name) ?? []
  return verb === undefined
    ? ({ do: name } as FaultKind)
    : { do: verb as 'kill' | 'pause', part: part as FaultPart }
}

function drawn(random: () => number): string {
  const action = random() < 0.5 ? 'cutover' : 'rollback'
  return `${action}.${switchVerbs[Math.floor(random() * switchVerbs.length)]}.before`
}
