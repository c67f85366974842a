import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Proof, prove } from '@strangler/migrations/drill/ledger.ts'
import { startLoad } from '@strangler/migrations/drill/load.ts'
import { proveOrder } from '@strangler/migrations/drill/order-proof.ts'
import { loadPlans } from '@strangler/migrations/plan/load-plans.ts'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { BenchSystem } from '../system/bench-system.ts'

const firstSubject = 1_001
const subjects = 300
const settleTries = 100

/** Writes through the front door, whose ledger outlives every part of the system. */
export type OutsideLoad = {
  failed(): number
  staleReads(): number
  stop(): Promise<void>
  /** Holds both databases against the ledger, once both have what the other has. */
  proof(): Promise<Proof & { broken: string[] }>
}

export async function openOutsideLoad(
  system: BenchSystem,
  name: string,
  ratePerSecond: number,
  seed: number,
): Promise<OutsideLoad> {
  const plans = await loadPlans(join(import.meta.dirname, '../../../migrations/plans'))
  const planned = plans.get('customers')!.drill!
  const ids = Array.from({ length: subjects }, (_, index) => String(firstSubject + index))
  const prefix = `${name}-${Date.now().toString(36)}`
  const load = startLoad(system.entryUrl, planned, ids, { ratePerSecond, seed, prefix })

  async function look(): Promise<Proof & { broken: string[] }> {
    const connection = await createConnection({ uri: system.databaseUrl })
    const ask = async (schema: string, sql: string) => {
      await connection.query(`USE \`${schema}\``)
      const [rows] = await connection.query<RowDataPacket[]>(sql, [`${prefix}-%`])
      return rows
    }
    const times = async (schema: string, sql: string) =>
      new Map((await ask(schema, sql)).map(row => [String(row.token), Number(row.times)]))
    try {
      const legacy = await times('legacy_shop', planned.count.legacy)
      const extracted = await times('customers', planned.count.extracted)
      const rows = await ask('customers', planned.order!.extracted)
      const places = new Map(rows.map(row => [String(row.token), Number(row.place)]))
      const { broken } = proveOrder(load.ledger.acknowledged(), places)
      return { ...prove(load.ledger.outcomes(), { legacy, extracted }), broken }
    } finally {
      await connection.end()
    }
  }

  return {
    failed: () => [...load.ledger.outcomes().values()].filter(outcome => outcome === 'failed').length,
    staleReads: () => load.reads().stale.length,
    stop: load.stop,
    proof: async () => {
      for (let tries = 0; ; tries++) {
        const proof = await look()
        if (proof.apart.length === 0 || tries === settleTries) return proof
        await delay(200)
      }
    },
  }
}
