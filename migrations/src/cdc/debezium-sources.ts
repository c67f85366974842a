import type { Log } from '@strangler/kit/log.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { applyConnector } from 'debezium-connector-config/apply-connector.ts'
import { type ConnectClient, createConnectClient } from 'debezium-connector-config/connect-client.ts'
import { ConnectorConfigError } from 'debezium-connector-config/connector-config-error.ts'
import type { Database } from '../data/database.ts'
import type { Side } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import type { ChangeSources } from './change-sources.ts'
import { awaitDelivery, type Delivered } from './connector-delivery.ts'
import { createDebeziumSource } from './debezium-source.ts'
import { covers, parsePosition } from './gtid-position.ts'
import { passwordVariable, type SourceConnector, sourceConnector } from './source-connector.ts'

export type DebeziumSourcesOptions = {
  bootstrapServers: readonly string[]
  /** Of Kafka Connect's REST interface. */
  connectUrl: string
  sidesOf(plan: Plan): Readonly<Record<Side, Database>>
  log: Log
}

/**
 * Changes by Debezium over Kafka: a connector for each side of each capability, which is made when its side is first
 * needed, and from then on runs whoever owns the writes.
 */
export function createDebeziumSources(options: DebeziumSourcesOptions): ChangeSources {
  const { sidesOf, log } = options
  const bootstrapServers = [...options.bootstrapServers]
  const client = createConnectClient({ url: options.connectUrl })
  /** Where Kafka's topics ended when a connector was last seen to deliver: it spares a stream the way up to there. */
  const delivered = new Map<string, Delivered>()

  const connectorOf = (plan: Plan, side: Side): SourceConnector =>
    sourceConnector(plan, side, sidesOf(plan)[side], bootstrapServers.join(','))

  return {
    ready: async (plan, side, signal) => {
      const database = sidesOf(plan)[side]
      const connector = connectorOf(plan, side)
      const outcome = await applied(client, connector, database)
      delivered.set(
        connector.name,
        await awaitDelivery({
          connector,
          database,
          side,
          capability: plan.capability,
          bootstrapServers,
          retentionSeconds: plan.gates.soakSeconds,
          failure: () => failureOf(client, connector.name),
          signal,
        }),
      )
      log.info({ connector: connector.name, outcome }, 'the connector delivers')
    },
    open: (plan, side) => (database, captured) => {
      const { name, topicPrefix } = connectorOf(plan, side)
      return createDebeziumSource({
        bootstrapServers,
        topicPrefix,
        database,
        captured,
        cursorOf: from => {
          const known = delivered.get(name)
          return known !== undefined && covers(parsePosition(from), parsePosition(known.position))
            ? known.cursor
            : undefined
        },
      })
    },
  }
}

/** @throws ToolkitError with the code of what Connect or the connector refused */
async function applied(
  client: ConnectClient,
  { name, config }: SourceConnector,
  database: Database,
): Promise<string> {
  try {
    const { outcome, status } = await applyConnector(client, config)
    if (status.state === 'RUNNING') return outcome
    throw new ToolkitError('CONNECTOR_NOT_RUNNING', `connector ${name} is ${status.state}`, {
      hint: `npx debezium-connector-config resume ${name}`,
    })
  } catch (error) {
    if (!(error instanceof ConnectorConfigError)) throw error
    throw new ToolkitError(error.code, `connector ${name}: ${error.message}`, {
      details: error.details,
      hint: `${error.hint ?? ''}${error.hint === undefined ? '' : '; '}the worker takes the password from its variable ${passwordVariable(database.name)}`,
      cause: error,
    })
  }
}

/** Why its task ended, where it has. */
async function failureOf(client: ConnectClient, name: string): Promise<string | undefined> {
  try {
    const status = await client.status(name)
    const failed = status && [status, ...status.tasks].find(({ state }) => state === 'FAILED')
    return failed && (failed.trace ?? 'no reason given')
  } catch (error) {
    return `Kafka Connect does not answer: ${messageOf(error)}`
  }
}
