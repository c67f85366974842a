import { routedAs } from '../operator/proxies.ts'
import type { Plan } from '../plan/plan.ts'
import { type Refusal, refuse } from './refusal.ts'
import type { SwitchParts } from './switch-parts.ts'

/** Why the capability must wait for those that it depends on; empty when the extracted side serves all of them. */
export async function dependenciesMoved(
  { proxies }: Pick<SwitchParts, 'proxies'>,
  { capability, dependsOn = [] }: Pick<Plan, 'capability' | 'dependsOn'>,
  signal: AbortSignal,
): Promise<Refusal[]> {
  const found = await Promise.all(
    dependsOn.map(async dependency => ({ dependency, ...(await routedAs(proxies, dependency, signal)) })),
  )
  return found
    .filter(({ stage }) => stage !== 'extracted' && stage !== 'retired')
    .flatMap(({ dependency, stage }) =>
      refuse(
        'DEPENDENCY_NOT_MOVED',
        `${capability} depends on ${dependency}, which is in stage ${stage}`,
        { dependency, stage },
        `strangler run ${dependency}`,
      ),
    )
}
