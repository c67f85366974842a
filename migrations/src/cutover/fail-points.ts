import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { switchVerbs, undoVerbs } from './switcher.ts'

/** Every place at which a drill may kill the engine: `cutover.fence.before`, `rollback.release.after`, … */
export const failPoints: readonly string[] = [
  ...['cutover', 'rollback'].flatMap(action =>
    ['begin', ...switchVerbs, ...undoVerbs, 'finish'].flatMap(verb => [
      `${action}.${verb}.before`,
      `${action}.${verb}.after`,
    ]),
  ),
  ...['stopSync.before', 'journal.before', 'journal.after'].map(point => `retire.${point}`),
]

/** Called at every point with its name. */
export type FailPoint = (name: string) => void

export const noFailPoint: FailPoint = () => {}

/**
 * A fail-point that kills the engine when the named place is reached.
 * @param kill ends the process at once, as kill -9 does
 * @throws ToolkitError FAULTS_OFF (the engine was not started with them), FAULT_UNKNOWN (with the names there are)
 */
export function killAt(name: string | undefined, allowed: boolean, kill: () => void): FailPoint {
  if (name === undefined) return noFailPoint
  if (!allowed)
    throw new ToolkitError('FAULTS_OFF', 'this engine does not inject faults', {
      hint: 'start it with STRANGLER_FAULTS=allow, on a system that may break',
    })
  if (!failPoints.includes(name))
    throw new ToolkitError('FAULT_UNKNOWN', `there is no fail-point ${JSON.stringify(name.slice(0, 80))}`, {
      details: { failPoints },
      hint: 'name one of details.failPoints',
    })
  return reached => {
    if (reached === name) kill()
  }
}
