import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { announceInstances } from '@strangler/chassis/discovery/announce-instances.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { createDatabaseAccounts, databaseUrl } from './database-accounts.ts'
import { type DistributedParts, startDistributedParts } from './distributed-parts.ts'
import { type Mariadb, startMariadb } from './mariadb.ts'
import { portalFile, portalMenu } from './portal-menu.ts'
import { openProcessLogs } from './process-logs.ts'
import { refuseSecond } from './refuse-second.ts'
import {
  announcedForOthers,
  connectorPasswords,
  customersProcess,
  registryOf,
  sampleProcesses,
} from './sample-processes.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { type AdoptedServer, createSupervisor, type Supervised, type Supervisor } from './supervisor.ts'
import type { Ports } from './system-config.ts'

export type SystemOptions = {
  /** The repository. */
  root: string
  /** Data, secrets, logs and run.json of this system. */
  stateDir: string
  /** The strangler.yaml that the proxy serves and that stages are toggled in. */
  configFile: string
  ports: Ports
  /** The Node executable and the environment that every process inherits. */
  node: string
  env: NodeJS.ProcessEnv
  /** How many customers the shop is seeded with when it is new. */
  customers: number
  /** The customers service to run; another build of it, in drills. */
  customersMain?: string
  /** Lets a drill break parts of the system: what is killed, the database included, is started again. */
  faults?: boolean
  /** Changes through Debezium and messages through Kafka, both started here, instead of in process and in MariaDB. */
  distributed?: boolean
  onLog(name: string, line: string): void
  onProgress(message: string): void
}

export type System = {
  supervisor: Supervisor
  secrets: Secrets
  ports: Ports
  adminUrl: string
  /** Environment of a process that writes to the shop's database by itself, as the nightly batch does. */
  nightlyEnv: Record<string, string>
  /** Replaces the running customers service by another build, on the same port. */
  deployCustomers(main: string): Promise<void>
  stop(): Promise<void>
}

const run = promisify(execFile)

/**
 * Brings the embedded system up: database, accounts, shop, services and façades, proxy, engine with its faces.
 * @throws ToolkitError ALREADY_RUNNING, and what each part throws; whatever had started is stopped again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { root, stateDir, ports, node, env } = options
  await refuseSecond(stateDir)
  await mkdir(stateDir, { recursive: true })
  const secrets = await loadSecrets(stateDir)
  const logs = await openProcessLogs(join(stateDir, 'logs'))
  const onLog = (name: string, line: string) => {
    logs.write(name, line)
    options.onLog(name, line)
  }
  const supervisor = createSupervisor(stateDir, node, env, onLog)
  try {
    options.onProgress('starting MariaDB')
    const mariadb = await startDatabase(options, secrets)
    // A drill that kills the database wants it back; whoever works with it must not go on without knowing.
    await supervisor.adopt(
      mariadb,
      options.faults === true ? () => startDatabase(options, secrets) : undefined,
    )
    await createDatabaseAccounts(mariadb.adminUrl, secrets)
    const distributed = await startDistributed(supervisor, options, secrets)

    const shopUrl = databaseUrl(ports.mariadb, 'monolith', secrets.monolith, 'legacy_shop')
    options.onProgress(`installing the shop with ${options.customers} customers`)
    await run(
      node,
      [join(root, 'legacy-monolith/src/install-main.ts'), '--customers', String(options.customers)],
      {
        env: { ...env, DATABASE_URL: shopUrl },
      },
    )
    await writeFile(portalFile(stateDir), portalMenu(ports))
    for (const group of sampleProcesses(options, secrets, distributed)) {
      options.onProgress(`starting ${group.map(({ name }) => name).join(', ')}`)
      await startTogether(supervisor, group)
    }
    const announced = announceInstances(announcedForOthers(options), {
      registry: registryOf(options, secrets),
      clock: systemClock,
      log: createLog('stack', 'warn'),
    })
    return {
      supervisor,
      secrets,
      ports,
      adminUrl: mariadb.adminUrl,
      nightlyEnv: { DATABASE_URL: databaseUrl(ports.mariadb, 'nightly', secrets.nightly, 'legacy_shop') },
      deployCustomers: async main => {
        await supervisor.stop('customers')
        await supervisor.start(customersProcess({ ...options, customersMain: main }, secrets, distributed))
      },
      stop: async () => {
        await announced.close()
        await supervisor.stopAll()
      },
    }
  } catch (error) {
    await supervisor.stopAll()
    throw error
  }
}

async function startDatabase(
  { stateDir, ports }: SystemOptions,
  secrets: Secrets,
): Promise<Mariadb & AdoptedServer> {
  const mariadb = await startMariadb(join(stateDir, 'mariadb'), ports.mariadb, secrets.root)
  const running = { pid: mariadb.pid, url: `mysql://127.0.0.1:${ports.mariadb}/` }
  return { ...mariadb, name: 'mariadb', running }
}

async function startDistributed(
  supervisor: Supervisor,
  { distributed, root, stateDir, env, onProgress }: SystemOptions,
  secrets: Secrets,
): Promise<DistributedParts | undefined> {
  if (distributed !== true) return undefined
  const passwords = connectorPasswords(secrets)
  const jarsFolder = join(root, '.strangler', 'kafka')
  return startDistributedParts(supervisor, { stateDir, jarsFolder, env, passwords, onProgress })
}

/** All are waited for even when one fails: none may come up after the rest was stopped. */
async function startTogether(supervisor: Supervisor, group: readonly Supervised[]): Promise<void> {
  const started = await Promise.allSettled(group.map(spec => supervisor.start(spec)))
  const failed = started.find(result => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
