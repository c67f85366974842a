import { join } from 'node:path'
import type { Instance, Registry } from '@strangler/chassis/discovery/registry.ts'
import { passwordVariable } from '@strangler/migrations/cdc/source-connector.ts'
import { databaseUrl } from './database-accounts.ts'
import type { DistributedParts } from './distributed-parts.ts'
import { portalFile } from './portal-menu.ts'
import type { Secrets } from './secrets.ts'
import type { SystemOptions } from './start-system.ts'
import type { Supervised } from './supervisor.ts'

const local = (port: number) => `http://127.0.0.1:${port}`

/** Databases as plans name them. */
const databaseNames = ['legacy', 'customers', 'catalog', 'orders']

/** The passwords that connectors refer to by name, for Connect's environment. */
export function connectorPasswords(secrets: Secrets): Record<string, string> {
  return Object.fromEntries(databaseNames.map(name => [passwordVariable(name), secrets.strangler]))
}

/** Every process of the sample system, in groups: those of one group start together, after the group before. */
export function sampleProcesses(
  options: SystemOptions,
  secrets: Secrets,
  distributed?: DistributedParts,
): Supervised[][] {
  const { root } = options
  const main = (path: string) => join(root, path)
  return [
    [
      {
        name: 'monolith',
        main: main('legacy-monolith/src/main.ts'),
        onCrash: options.faults === true ? 'restart' : 'stop',
        env: {
          PORT: String(options.ports.monolith),
          DATABASE_URL: databaseUrl(options.ports.mariadb, 'monolith', secrets.monolith, 'legacy_shop'),
        },
      },
      customersProcess(options, secrets, distributed),
      ...catalogProcesses(options, secrets, distributed),
      ordersProcess(options, secrets, distributed),
      adaptersProcess(options),
    ],
    [proxyProcess(options, secrets)],
    [
      engineProcess(options, secrets, distributed),
      dashboardProcess(options, secrets),
      {
        name: 'storefront',
        main: main('extracted-services/storefront/src/main.ts'),
        onCrash: 'restart',
        env: {
          PORT: String(options.ports.storefront),
          CAPABILITIES_URL: local(options.ports.proxy),
          ...registry(options, secrets),
        },
      },
    ],
  ]
}

/** The customers service, or the build of it that the options name. */
export function customersProcess(
  options: SystemOptions,
  secrets: Secrets,
  distributed?: DistributedParts,
): Supervised {
  const { root, ports, customersMain } = options
  return {
    name: 'customers',
    main: customersMain ?? join(root, 'extracted-services/customers/src/main.ts'),
    onCrash: options.faults === true ? 'restart' : 'stop',
    env: {
      PORT: String(ports.customers),
      ...ownDatabase(options, secrets, 'customers'),
      ...messaging(options, secrets, 'customers', distributed),
      ...registry(options, secrets),
    },
  }
}

/** Two instances on one schema: the proxy spreads its calls over both. */
function catalogProcesses(
  options: SystemOptions,
  secrets: Secrets,
  distributed?: DistributedParts,
): Supervised[] {
  const { root, ports } = options
  const instance = (name: string, port: number, grpcPort: number): Supervised => ({
    name,
    main: join(root, 'extracted-services/catalog/src/main.ts'),
    onCrash: 'restart',
    env: {
      PORT: String(port),
      GRPC_PORT: String(grpcPort),
      STRANGLER_INSTANCE_ID: name,
      ...ownDatabase(options, secrets, 'catalog'),
      ...messaging(options, secrets, 'catalog', distributed),
      ...registry(options, secrets),
    },
  })
  return [
    instance('catalog', ports.catalog, ports.catalogGrpc),
    instance('catalog-2', ports.catalog2, ports.catalogGrpc2),
  ]
}

function ordersProcess(options: SystemOptions, secrets: Secrets, distributed?: DistributedParts): Supervised {
  const { root, ports } = options
  return {
    name: 'orders',
    main: join(root, 'extracted-services/orders/src/main.ts'),
    onCrash: 'restart',
    env: {
      PORT: String(ports.orders),
      CAPABILITIES_URL: local(ports.proxy),
      ...ownDatabase(options, secrets, 'orders'),
      ...messaging(options, secrets, 'orders', distributed),
      ...registry(options, secrets),
    },
  }
}

function adaptersProcess(options: SystemOptions): Supervised {
  const { root, ports, stateDir } = options
  return {
    name: 'acl',
    main: join(root, 'acl-adapters/src/main.ts'),
    onCrash: options.faults === true ? 'restart' : 'stop',
    env: {
      REST_PORT: String(ports.rest),
      FACADE_PORT: String(ports.facade),
      WSDL: join(root, 'legacy-monolith/wsdl/shop.wsdl'),
      MONOLITH_URL: local(ports.monolith),
      CUSTOMERS_URL: local(ports.customers),
      CATALOG_URL: local(ports.catalog),
      // What became of writes with an Idempotency-Key outlives the process.
      OUTCOMES: join(stateDir, 'acl-outcomes'),
    },
  }
}

function proxyProcess(options: SystemOptions, secrets: Secrets): Supervised {
  const { root, ports, configFile } = options
  return {
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
    onCrash: options.faults === true ? 'restart' : 'stop',
    env: {
      STRANGLER_TOKEN: secrets.token,
      STRANGLER_REGISTRY_TOKEN: secrets.registry,
      STRANGLER_VIEWER_TOKEN: secrets.viewer,
      STRANGLER_OPERATOR_URL: local(ports.engine),
    },
  }
}

function engineProcess(options: SystemOptions, secrets: Secrets, distributed?: DistributedParts): Supervised {
  const { root, ports, stateDir } = options
  const sides = databaseNames.flatMap(name => {
    const schema = name === 'legacy' ? 'legacy_shop' : name
    return [
      [
        `STRANGLER_DB_${name.toUpperCase()}`,
        databaseUrl(ports.mariadb, 'strangler', secrets.strangler, schema),
      ],
      [
        `STRANGLER_APPLIER_${name.toUpperCase()}`,
        databaseUrl(ports.mariadb, 'strangler_applier', secrets.applier, schema),
      ],
    ]
  })
  return {
    name: 'engine',
    main: join(root, 'migrations/src/main.ts'),
    onCrash: 'restart',
    env: {
      // What lives is some 30 MB; unbound, V8 lets the process grow tenfold while millions of rows pass.
      NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=8',
      PORT: String(ports.engine),
      STRANGLER_TOKEN: secrets.token,
      STRANGLER_DATABASE_URL: databaseUrl(ports.mariadb, 'strangler', secrets.strangler, 'strangler'),
      STRANGLER_PROXIES: local(ports.admin),
      STRANGLER_ENTRY_URL: local(ports.proxy),
      ...Object.fromEntries(sides),
      ...changeSource(distributed),
      STRANGLER_REPORTS: join(stateDir, 'reports'),
      STRANGLER_RUN_FILE: join(stateDir, 'run.json'),
      ...(options.faults === true ? { STRANGLER_FAULTS: 'allow' } : {}),
    },
  }
}

function dashboardProcess({ root, ports, stateDir }: SystemOptions, secrets: Secrets): Supervised {
  return {
    name: 'dashboard',
    main: join(root, 'console/src/dashboard-main.ts'),
    onCrash: 'restart',
    env: {
      PORT: String(ports.dashboard),
      STRANGLER_TOKEN: secrets.token,
      STRANGLER_VIEWER_TOKEN: secrets.viewer,
      STRANGLER_OPERATOR_URL: local(ports.engine),
      STRANGLER_PROXIES: local(ports.admin),
      STRANGLER_PORTAL: portalFile(stateDir),
    },
  }
}

type Owner = 'customers' | 'catalog' | 'orders'

function ownDatabase({ ports }: SystemOptions, secrets: Secrets, service: Owner): Record<string, string> {
  return { DATABASE_URL: databaseUrl(ports.mariadb, service, secrets[service], service) }
}

/** Messages go through Kafka where there is one, else through the log in MariaDB that the services share. */
function messaging(
  { ports }: SystemOptions,
  secrets: Secrets,
  service: Owner,
  distributed?: DistributedParts,
): Record<string, string> {
  return distributed === undefined
    ? { MESSAGING_URL: databaseUrl(ports.mariadb, service, secrets[service], 'messaging') }
    : { MESSAGING: 'kafka', KAFKA_BROKERS: distributed.kafka }
}

/** Changes come through Debezium where there is one, else from the binlog in process. */
function changeSource(distributed?: DistributedParts): Record<string, string> {
  if (distributed === undefined) return {}
  return {
    STRANGLER_CHANGE_SOURCE: 'debezium',
    STRANGLER_KAFKA: distributed.kafka,
    STRANGLER_CONNECT: distributed.connect,
  }
}

/** Where a service says that it is there: at the proxy's admin API. */
function registry(options: SystemOptions, secrets: Secrets): Record<string, string> {
  const { url, token } = registryOf(options, secrets)
  return { STRANGLER_REGISTRY_URL: url, STRANGLER_REGISTRY_TOKEN: token }
}

export function registryOf({ ports }: SystemOptions, secrets: Secrets): Registry {
  return { url: local(ports.admin), token: secrets.registry }
}

/** What cannot announce itself, since it knows nothing of a registry: the supervisor does that for it. */
export function announcedForOthers({ ports }: SystemOptions): Instance[] {
  return [
    { service: 'monolith', id: 'monolith', url: local(ports.monolith) },
    { service: 'facade', id: 'acl', url: local(ports.facade) },
    { service: 'rest', id: 'acl', url: local(ports.rest) },
  ]
}
