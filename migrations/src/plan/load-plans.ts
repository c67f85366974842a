import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Plan } from './plan.ts'
import { validatePlan } from './validate-plan.ts'

/**
 * Every plan of a folder: each `.ts` file exports one as `plan`.
 * @throws ToolkitError PLAN_INVALID
 */
export async function loadPlans(folder: string): Promise<ReadonlyMap<string, Plan>> {
  const files = (await readdir(folder)).filter(file => file.endsWith('.ts')).sort()
  const plans = new Map<string, Plan>()
  for (const file of files) {
    const loaded = (await import(pathToFileURL(join(folder, file)).href)) as { plan?: unknown }
    if (loaded.plan === undefined)
      throw new ToolkitError('PLAN_INVALID', `${file} does not export a plan`, {
        hint: 'export const plan: Plan = { … }',
      })
    const plan = validatePlan(loaded.plan, file)
    if (plans.has(plan.capability))
      throw new ToolkitError('PLAN_INVALID', `${file} is a second plan of ${plan.capability}`)
    plans.set(plan.capability, plan)
  }
  return plans
}
