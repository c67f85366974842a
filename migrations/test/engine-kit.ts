import { join } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import { binlogSources, type ChangeSources } from '../src/cdc/change-sources.ts'
import type { Order, SwitchParts } from '../src/cutover/switch-parts.ts'
import { createEvidence } from '../src/journal/evidence.ts'
import { createJournal } from '../src/journal/journal.ts'
import { takeLease } from '../src/journal/lease.ts'
import { openControlSchema } from '../src/journal/open-control-schema.ts'
import { createRollbackAlarms } from '../src/journal/rollback-alarms.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { createSyncSupervisor } from '../src/operator/supervise-sync.ts'
import type { Plan } from '../src/plan/plan.ts'
import { silent, type TestDatabases } from './cdc-support.ts'
import { testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

export type EngineKit = {
  parts: SwitchParts
  order(): Order
  /** What the proxy serves. */
  routes: { stage: string; writes: string; held: boolean }
  close(): Promise<void>
}

/** The engine's real parts over two databases, with a proxy that only says yes. */
export async function openEngineKit(
  databases: TestDatabases,
  plan: Plan,
  sources: ChangeSources = binlogSources,
): Promise<EngineKit> {
  const routes = { stage: 'canary', writes: 'legacy', held: false }
  let generation = 0
  const server = await fakeProxy(({ method, url, body }) => {
    if (url === '/admin/generations') {
      Object.assign(routes, (body as { changes: object[] }).changes[0])
      return { body: { generation: ++generation, hash: 'x' } }
    }
    if (url === '/admin/status')
      return {
        body: {
          generation,
          hash: 'x',
          problems: [],
          capabilities: [{ ...routes, name: plan.capability, hold: null }],
        },
      }
    routes.held = method === 'POST' || (method !== 'DELETE' && routes.held)
    const waits = { p50Ms: 1, p99Ms: 2, maxMs: 3 }
    return { body: method === 'DELETE' ? { released: 1, expired: 0, waits } : { inflight: 0, parked: 1 } }
  })
  const url = new URL(databases.legacy.toolkitUrl)
  url.pathname = `/${databases.legacy.controlSchema}`
  const control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  const sidesOf = () => ({ legacy: databases.legacy, extracted: databases.extracted })
  const proxy = createProxyAdmin(server.url, 'token')
  const parts: SwitchParts = {
    journal: createJournal(control.pool),
    evidence: createEvidence(control.pool),
    alarms: createRollbackAlarms(control.pool),
    proxies: [proxy],
    syncs: createSyncSupervisor(sidesOf, silent, systemClock, sources),
    sources,
    sidesOf,
    entryUrl: '',
    clock: systemClock,
    log: silent,
  }
  await parts.journal.state(plan.capability)
  const lease = await takeLease(control.connect, plan.capability, 'test')
  return {
    parts,
    order: () => testOrder({ lease, signal: lease.lost }),
    routes,
    async close() {
      await parts.syncs.close()
      await lease.release()
      await proxy.close()
      await server.close()
      await control.close()
    },
  }
}
