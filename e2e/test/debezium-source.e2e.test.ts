import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from '@jest/globals'
import { createDebeziumSource } from '@strangler/migrations/cdc/debezium-source.ts'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { startConnect, startKafka } from '@strangler/stack/kafka.ts'
import { installKafkaJars, whatKafkaLacks } from '@strangler/stack/kafka-jars.ts'
import { startMariadb } from '@strangler/stack/mariadb.ts'
import { applyConnector } from 'debezium-connector-config/apply-connector.ts'
import { buildConnectorConfig } from 'debezium-connector-config/build-connector-config.ts'
import { createConnectClient } from 'debezium-connector-config/connect-client.ts'
import { createConnection } from 'mysql2/promise'
import { describeChangeSource, type SourceKit } from '../../migrations/test/cdc-source-contract.ts'

const lacking = await whatKafkaLacks()
const refused = ['UUID', 'INET4', 'INET6']

if (lacking === undefined)
  describeChangeSource('Debezium over Kafka as a change source', makeKit, { refused })
else
  describe('Debezium over Kafka as a change source', () => {
    test.skip(`skipped: ${lacking}`, () => {})
  })

async function makeKit(
  prepare: (admin: SourceKit['admin'], schema: string) => Promise<void>,
): Promise<SourceKit> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-debezium-'))
  const jars = await installKafkaJars(join(dirname(dirname(import.meta.dirname)), '.strangler', 'kafka'))
  const [port, broker, controller, rest] = (await freePorts(4)) as [number, number, number, number]
  const mariadb = await startMariadb(join(folder, 'mariadb'), port, 'secret')
  const admin = await createConnection({ uri: mariadb.adminUrl, multipleStatements: true })
  await admin.query(`CREATE DATABASE shop; CREATE USER debezium@'127.0.0.1' IDENTIFIED BY 'secret';
    GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO debezium@'127.0.0.1'`)
  await prepare(admin, 'shop')
  const kafka = await startKafka(join(folder, 'broker'), { broker, controller }, jars, process.env)
  const { bootstrapServers } = kafka
  const connect = await startConnect(
    join(folder, 'connect'),
    { port: rest, bootstrapServers },
    jars,
    process.env,
  )
  await applyConnector(
    createConnectClient({ url: connect.url }),
    buildConnectorConfig({
      name: 'contract',
      connector: 'mariadb',
      debezium: '3.5',
      topicPrefix: 'pfx',
      database: { hostname: '127.0.0.1', port, user: 'debezium', password: 'secret', serverId: 5401 },
      tables: ['shop.odd', 'shop.parent', 'shop.child'],
      snapshotMode: 'no_data',
      schemaHistory: { bootstrapServers },
      extra: { 'poll.interval.ms': '10' },
    }),
  )
  // what the connector is to send begins here, and a statement without rows is told of by the next
  await admin.query('INSERT INTO shop.parent VALUES (-2, NULL); DELETE FROM shop.parent WHERE id = -2')
  const url = `${mariadb.adminUrl}shop`
  return {
    database: { name: 'shop', toolkitUrl: url, applierUrl: url, controlSchema: 'strangler' },
    admin,
    open: (database, captured) =>
      createDebeziumSource({ bootstrapServers: [bootstrapServers], topicPrefix: 'pfx', database, captured }),
    async close() {
      await admin.end()
      await connect.stop()
      await kafka.stop()
      await mariadb.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
