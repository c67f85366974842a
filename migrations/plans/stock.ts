import type { Plan } from '../src/plan/plan.ts'
import { plan as catalog, stock } from './catalog.ts'

/**
 * How much of each product is there: synced to the catalog service, so that it can show it, and written by the monolith's
 * orders until these move. Hence no drill and no cutover of its own.
 */
export const plan: Plan = {
  capability: 'stock',
  databases: { legacy: 'legacy', extracted: 'catalog' },
  readBy: ['orders'],
  tables: [stock],
  writers: catalog.writers,
  gates: catalog.gates,
  steps: [{ kind: 'backfill' }, { kind: 'sync' }, { kind: 'verify' }, { kind: 'stage', stage: 'shadow' }],
}
