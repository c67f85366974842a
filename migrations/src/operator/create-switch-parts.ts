import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { binlogSources, type ChangeSources } from '../cdc/change-sources.ts'
import { createDebeziumSources } from '../cdc/debezium-sources.ts'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import { installControlTables } from '../data/control-tables.ts'
import type { Database } from '../data/database.ts'
import type { FaultTools } from '../faults/inject-fault.ts'
import { createEvidence } from '../journal/evidence.ts'
import { createJournal } from '../journal/journal.ts'
import { createRollbackAlarms } from '../journal/rollback-alarms.ts'
import type { Plan } from '../plan/plan.ts'
import { databaseVariables, type EngineEnv, sideEnv } from './engine-env.ts'
import { createProxyAdmin } from './proxy-admin.ts'
import { createSyncSupervisor, type Sides } from './supervise-sync.ts'

/**
 * The engine's real parts, wired.
 * @throws ToolkitError ENV_INVALID for a database of a plan that the environment does not have
 */
export async function createSwitchParts(from: {
  env: EngineEnv
  raw: NodeJS.ProcessEnv
  plans: ReadonlyMap<string, Plan>
  pool: Pool
  clock: Clock
  log: Log
  /** Where faults are allowed: databases, proxies and entry are then reached through its network. */
  faults?: FaultTools | undefined
}): Promise<SwitchParts> {
  const { env, raw, plans, pool, clock, log, faults } = from
  const through = async (url: string) => (faults === undefined ? url : faults.network.through(url))
  const controlSchema = new URL(env.STRANGLER_DATABASE_URL).pathname.slice(1)
  const databases = new Map<string, Database>()
  for (const { databases: named } of plans.values())
    for (const name of named === undefined ? [] : [named.legacy, named.extracted]) {
      if (databases.has(name)) continue
      const { toolkit, applier } = databaseVariables(name)
      const urls = readEnv(sideEnv(name), raw)
      databases.set(name, {
        name,
        toolkitUrl: await through(urls[toolkit]!),
        applierUrl: await through(urls[applier]!),
        controlSchema,
      })
    }
  for (const database of databases.values()) await installControlTables(database)
  const sidesOf = ({ capability, databases: named }: Plan): Sides => {
    if (named === undefined)
      throw new ToolkitError('PLAN_WITHOUT_DATA', `${capability} has no data of its own`, {
        hint: `its stage toggles freely: strangler stage ${capability} STAGE`,
      })
    return { legacy: databases.get(named.legacy)!, extracted: databases.get(named.extracted)! }
  }
  const sources = sourcesOf(env, sidesOf, log)
  return {
    journal: createJournal(pool),
    evidence: createEvidence(pool),
    alarms: createRollbackAlarms(pool),
    proxies: await Promise.all(
      env.STRANGLER_PROXIES.map(async url => createProxyAdmin(url, env.STRANGLER_TOKEN, await through(url))),
    ),
    syncs: createSyncSupervisor(sidesOf, log, clock, sources),
    sources,
    sidesOf,
    plans,
    entryUrl: await through(env.STRANGLER_ENTRY_URL),
    reports: env.STRANGLER_REPORTS,
    ...(faults === undefined ? {} : { faults }),
    clock,
    log,
  }
}

function sourcesOf(env: EngineEnv, sidesOf: (plan: Plan) => Sides, log: Log): ChangeSources {
  const { STRANGLER_KAFKA: bootstrapServers, STRANGLER_CONNECT: connectUrl } = env
  if (env.STRANGLER_CHANGE_SOURCE === 'binlog' || bootstrapServers === undefined || connectUrl === undefined)
    return binlogSources
  return createDebeziumSources({ bootstrapServers, connectUrl, sidesOf, log })
}
