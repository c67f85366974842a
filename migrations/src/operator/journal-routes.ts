import type { Express } from 'express'
import { z } from 'zod'
import type { OperatorApiParts } from './operator-api.ts'
import { planOf } from './operator-verbs.ts'
import { readInput } from './verb-requests.ts'

const query = z.strictObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(200),
})

/** What ran, verb by verb, before and after it took effect: the record that a rerun goes by. */
export function addJournalRoutes(
  app: Express,
  { parts, plans }: Pick<OperatorApiParts, 'parts' | 'plans'>,
): void {
  app.get('/capabilities/:capability/journal', async (request, response) => {
    const { limit } = readInput(query, request.query)
    const { capability } = planOf(plans, request.params.capability)
    response.json({ capability, entries: await parts.journal.recent(capability, limit) })
  })
}
