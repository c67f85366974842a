import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createDatabaseAccounts, databaseUrl } from './database-accounts.ts'
import { startMariadb } from './mariadb.ts'
import { readRunFile } from './run-file.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { createSupervisor, type Supervised, type Supervisor } from './supervisor.ts'
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
  /** Lets a drill name the point at which the engine kills itself. */
  faults?: boolean
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
 * Brings the embedded system up: database, accounts, shop, service, façades, proxy, engine, dashboard, in that order.
 * @throws ToolkitError ALREADY_RUNNING, and what each part throws; whatever had started is stopped again
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { root, stateDir, ports, node, env } = options
  await refuseSecond(stateDir)
  await mkdir(stateDir, { recursive: true })
  const secrets = await loadSecrets(stateDir)
  const supervisor = createSupervisor(stateDir, node, env, options.onLog)
  try {
    options.onProgress('starting MariaDB')
    const mariadb = await startMariadb(join(stateDir, 'mariadb'), ports.mariadb, secrets.root)
    const mariadbUrl = `mysql://127.0.0.1:${ports.mariadb}/`
    await supervisor.adopt('mariadb', { pid: mariadb.pid, url: mariadbUrl }, mariadb.ended, mariadb.stop)
    await createDatabaseAccounts(mariadb.adminUrl, secrets)

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
    for (const spec of processes(options, secrets)) {
      options.onProgress(`starting ${spec.name}`)
      await supervisor.start(spec)
    }
    return {
      supervisor,
      secrets,
      ports,
      adminUrl: mariadb.adminUrl,
      nightlyEnv: { DATABASE_URL: databaseUrl(ports.mariadb, 'nightly', secrets.nightly, 'legacy_shop') },
      deployCustomers: async main => {
        await supervisor.stop('customers')
        await supervisor.start(customersProcess({ ...options, customersMain: main }, secrets))
      },
      stop: () => supervisor.stopAll(),
    }
  } catch (error) {
    await supervisor.stopAll()
    throw error
  }
}

async function refuseSecond(stateDir: string): Promise<void> {
  const found = await readRunFile(stateDir)
  const alive = Object.entries(found?.processes ?? {}).find(
    ([name, { pid }]) => name !== 'mariadb' && isAlive(pid),
  )
  if (alive === undefined) return
  throw new ToolkitError(
    'ALREADY_RUNNING',
    `a system already runs from ${stateDir} (${alive[0]} is process ${alive[1].pid})`,
    {
      hint: 'stop it with Ctrl-C in its terminal, or use that one: npx strangler status',
    },
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function customersProcess({ root, ports, customersMain }: SystemOptions, secrets: Secrets): Supervised {
  return {
    name: 'customers',
    main: customersMain ?? join(root, 'extracted-services/customers/src/main.ts'),
    onCrash: 'stop',
    env: {
      PORT: String(ports.customers),
      DATABASE_URL: databaseUrl(ports.mariadb, 'customers', secrets.customers, 'customers'),
    },
  }
}

function portalFile(stateDir: string): string {
  return join(stateDir, 'portal.json')
}

/** The menu of the shop's users: one item per application, with where it is on either side. */
function portalMenu(ports: Ports): string {
  const customers = {
    title: 'Customers',
    description: 'who buys from us, and on what credit',
    capability: 'customers',
    legacy: `http://127.0.0.1:${ports.rest}/customers`,
    extracted: `http://127.0.0.1:${ports.customers}/customers`,
  }
  return `${JSON.stringify({ title: 'Shop', items: [customers] }, null, 2)}\n`
}

function processes(options: SystemOptions, secrets: Secrets): Supervised[] {
  const { root, ports, configFile, stateDir } = options
  const local = (port: number) => `http://127.0.0.1:${port}`
  const database = (user: string, password: string, schema: string) =>
    databaseUrl(ports.mariadb, user, password, schema)
  return [
    {
      name: 'monolith',
      main: join(root, 'legacy-monolith/src/main.ts'),
      onCrash: 'stop',
      env: {
        PORT: String(ports.monolith),
        DATABASE_URL: database('monolith', secrets.monolith, 'legacy_shop'),
      },
    },
    customersProcess(options, secrets),
    {
      name: 'acl',
      main: join(root, 'acl-adapters/src/main.ts'),
      onCrash: 'stop',
      env: {
        REST_PORT: String(ports.rest),
        FACADE_PORT: String(ports.facade),
        WSDL: join(root, 'legacy-monolith/wsdl/shop.wsdl'),
        MONOLITH_URL: local(ports.monolith),
        CUSTOMERS_URL: local(ports.customers),
      },
    },
    {
      name: 'proxy',
      main: join(root, 'strangler-proxy/src/main.ts'),
      args: [
        'proxy',
        '--config',
        configFile,
        '--listen',
        `127.0.0.1:${ports.proxy}`,
        '--admin',
        `127.0.0.1:${ports.admin}`,
      ],
      onCrash: 'stop',
      env: { STRANGLER_TOKEN: secrets.token, STRANGLER_OPERATOR_URL: local(ports.engine) },
    },
    {
      name: 'engine',
      main: join(root, 'migrations/src/main.ts'),
      onCrash: 'restart',
      env: {
        PORT: String(ports.engine),
        STRANGLER_TOKEN: secrets.token,
        STRANGLER_DATABASE_URL: database('strangler', secrets.strangler, 'strangler'),
        STRANGLER_PROXIES: local(ports.admin),
        STRANGLER_ENTRY_URL: local(ports.proxy),
        STRANGLER_DB_LEGACY: database('strangler', secrets.strangler, 'legacy_shop'),
        STRANGLER_APPLIER_LEGACY: database('strangler_applier', secrets.applier, 'legacy_shop'),
        STRANGLER_DB_CUSTOMERS: database('strangler', secrets.strangler, 'customers'),
        STRANGLER_APPLIER_CUSTOMERS: database('strangler_applier', secrets.applier, 'customers'),
        STRANGLER_REPORTS: join(stateDir, 'reports'),
        ...(options.faults === true ? { STRANGLER_FAULTS: 'allow' } : {}),
      },
    },
    {
      name: 'dashboard',
      main: join(root, 'console/src/dashboard-main.ts'),
      onCrash: 'restart',
      env: {
        PORT: String(ports.dashboard),
        STRANGLER_TOKEN: secrets.token,
        STRANGLER_OPERATOR_URL: local(ports.engine),
        STRANGLER_PROXIES: local(ports.admin),
        STRANGLER_PORTAL: portalFile(stateDir),
      },
    },
  ]
}
