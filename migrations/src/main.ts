import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createMetrics, operationalEndpoints } from '@strangler/kit/operational-endpoints.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { killAt } from './cutover/fail-points.ts'
import { createFaultNetwork } from './faults/fault-network.ts'
import type { FaultTools } from './faults/inject-fault.ts'
import { openProcesses } from './faults/processes.ts'
import { createAudit } from './journal/audit.ts'
import { openControlSchema } from './journal/open-control-schema.ts'
import { createSwitchParts } from './operator/create-switch-parts.ts'
import { createEngine } from './operator/engine.ts'
import { type EngineEnv, engineEnv } from './operator/engine-env.ts'
import { registerEngineMetrics } from './operator/engine-metrics.ts'
import { createOperatorApi } from './operator/operator-api.ts'
import { loadPlans } from './plan/load-plans.ts'

const folder = join(import.meta.dirname, '..')

/** Nothing of it exists unless the engine was told both: that faults are allowed, and which system they are for. */
function faultTools(env: EngineEnv): FaultTools | undefined {
  const { STRANGLER_FAULTS: allowed, STRANGLER_RUN_FILE: file } = env
  if (allowed !== 'allow' || file === undefined) return undefined
  const send = (pid: number, signal: NodeJS.Signals) => void process.kill(pid, signal)
  return { network: createFaultNetwork(), processes: openProcesses(file, send, systemClock) }
}

await runMain(process, async raw => {
  const env = readEnv(engineEnv, raw)
  const log = createLog('engine')
  const plans = await loadPlans(resolve(env.STRANGLER_PLANS ?? join(folder, 'plans')))
  const control = await openControlSchema(env.STRANGLER_DATABASE_URL, join(folder, 'sql'))
  const faults = faultTools(env)
  const parts = await createSwitchParts({
    env,
    raw,
    plans,
    pool: control.pool,
    clock: systemClock,
    log,
    faults,
  })
  const audit = createAudit(control.pool, () => new Date())
  const engine = createEngine({
    parts,
    plans,
    audit,
    connectControl: control.connect,
    failPointFor: name =>
      killAt(name, env.STRANGLER_FAULTS === 'allow', () => process.kill(process.pid, 'SIGKILL')),
  })
  const registry = createMetrics()
  registerEngineMetrics(registry, parts, plans)
  const operational = operationalEndpoints(registry, () => control.problems())
  const api = createOperatorApi({ engine, parts, plans, audit, token: env.STRANGLER_TOKEN, operational, log })
  const listening = await listen(createServer(api), env.PORT, env.HOST)
  void engine.start()
  return {
    ready: { url: listening.url },
    close: async () => {
      await engine.close()
      await listening.close()
      await Promise.all(parts.proxies.map(proxy => proxy.close()))
      await control.close()
      await faults?.network.close()
    },
  }
})
