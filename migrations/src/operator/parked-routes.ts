import type { Express } from 'express'
import { z } from 'zod'
import { listParked, skipParked } from '../cdc/parked-decision.ts'
import type { Database } from '../data/database.ts'
import { opposite } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import type { OperatorApiParts } from './operator-api.ts'
import { planOf } from './operator-verbs.ts'
import { readInput } from './verb-requests.ts'

const decision = z.strictObject({
  by: z.string().trim().min(1).max(128).default('unknown'),
  reason: z.string().trim().min(1, 'say why').max(500),
})
const parkedId = z.strictObject({ id: z.coerce.number().pipe(z.int().min(1)) })

/**
 * What an operator does about a change that a sync stands still before: look at it, try it again once its cause is
 * mended, or leave it out. Both decisions are in the audit log before anything happens.
 */
export function addParkedRoutes(
  app: Express,
  { parts, plans, audit }: Pick<OperatorApiParts, 'parts' | 'plans' | 'audit'>,
): void {
  const targetOf = async (plan: Plan): Promise<Database> => {
    const { owner } = await parts.journal.state(plan.capability)
    return parts.sidesOf(plan)[opposite(owner)]
  }
  const goOn = async (plan: Plan) => {
    const sync = await parts.syncs.ensure(plan, await parts.journal.state(plan.capability))
    return sync?.sync.status() ?? null
  }

  app.get('/sync/:capability/parked', async (request, response) => {
    const plan = planOf(plans, request.params.capability)
    response.json(await listParked(await targetOf(plan), plan.capability))
  })

  app.post('/sync/:capability/parked/:id/skip', async (request, response) => {
    const plan = planOf(plans, request.params.capability)
    const { id } = readInput(parkedId, { id: request.params.id })
    const { by, reason } = readInput(decision, request.body ?? {})
    const { capability } = plan
    await audit.append({ operator: by, verb: 'skip', capability, reason, details: { id } })
    await skipParked(await targetOf(plan), capability, id, { by, reason })
    response.json(await goOn(plan))
  })

  app.post('/sync/:capability/retry', async (request, response) => {
    const plan = planOf(plans, request.params.capability)
    const { by, reason } = readInput(decision, request.body ?? {})
    await audit.append({ operator: by, verb: 'retry', capability: plan.capability, reason, details: {} })
    response.json(await goOn(plan))
  })
}
