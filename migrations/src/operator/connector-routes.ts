import type { Express } from 'express'
import { z } from 'zod'
import { sourceConnector } from '../cdc/source-connector.ts'
import type { OperatorApiParts } from './operator-api.ts'
import { planOf } from './operator-verbs.ts'
import { readInput } from './verb-requests.ts'

const query = z.strictObject({
  /** Kafka's addresses as the connectors' workers reach it. */
  kafka: z
    .string()
    .regex(/^[^\s:/,]+:\d{1,5}(,[^\s:/,]+:\d{1,5})*$/, 'host:port, or several with commas')
    .default('kafka:9092'),
})

/** The connectors that stream a capability through Kafka, one per side: no password stands in them. */
export function addConnectorRoutes(
  app: Express,
  { parts, plans }: Pick<OperatorApiParts, 'parts' | 'plans'>,
): void {
  app.get('/capabilities/:capability/connectors', (request, response) => {
    const { kafka } = readInput(query, request.query)
    const plan = planOf(plans, request.params.capability)
    const sides = parts.sidesOf(plan)
    const connectors = (['legacy', 'extracted'] as const).map(side => {
      const { name, config } = sourceConnector(plan, side, sides[side], kafka)
      return { side, name, config }
    })
    response.json({ capability: plan.capability, connectors })
  })
}
