import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Plan } from './plan.ts'
import { validatePlan } from './validate-plan.ts'

/**
 * Every plan of a folder: each `.ts` file exports one as `plan`.
 * @throws ToolkitError PLAN_INVALID, CONFIG_PLANS_UNREADABLE
 */
export async function loadPlans(folder: string): Promise<ReadonlyMap<string, Plan>> {
  const files = (await filesOf(folder)).filter(file => file.endsWith('.ts')).sort()
  const plans = new Map<string, Plan>()
  for (const file of files) {
    const loaded = await importPlan(join(folder, file))
    if (loaded.plan === undefined)
      throw new ToolkitError('PLAN_INVALID', `${file} does not export a plan`, {
        hint: 'export const plan: Plan = { … }',
      })
    const plan = validatePlan(loaded.plan, file)
    if (plans.has(plan.capability))
      throw new ToolkitError('PLAN_INVALID', `${file} is a second plan of ${plan.capability}`)
    plans.set(plan.capability, plan)
  }
  refuseLooseDependencies(plans)
  return plans
}

/** A file of somebody's own that does not parse or throws is a mistake in that file, not a failure of the engine. */
async function importPlan(path: string): Promise<{ plan?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { plan?: unknown }
  } catch (error) {
    throw new ToolkitError('PLAN_INVALID', `${path} cannot be loaded: ${messageOf(error)}`, {
      hint: 'it is run by Node as it stands: types are stripped, so no enum and no namespace in it',
      cause: error,
    })
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw new ToolkitError('CONFIG_PLANS_UNREADABLE', `the folder of the plans: ${messageOf(error)}`, {
      hint: 'STRANGLER_PLANS names the folder that holds one .ts file per plan',
      cause: error,
    })
  }
}

/** What a capability waits for must have a plan, and must not wait for it in turn. */
function refuseLooseDependencies(plans: ReadonlyMap<string, Plan>): void {
  for (const { capability, dependsOn = [] } of plans.values()) {
    const unplanned = dependsOn.filter(name => !plans.has(name))
    if (unplanned.length > 0)
      throw new ToolkitError(
        'PLAN_INVALID',
        `${capability} depends on ${unplanned.join(', ')}, which has no plan`,
      )
    const reached = new Set(dependsOn)
    for (const name of reached) for (const next of plans.get(name)?.dependsOn ?? []) reached.add(next)
    if (reached.has(capability))
      throw new ToolkitError('PLAN_INVALID', `${capability} depends on itself by way of others`, {
        details: { dependencies: [...reached] },
      })
  }
}
