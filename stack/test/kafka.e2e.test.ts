import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { applyConnector } from 'debezium-connector-config/apply-connector.ts'
import { buildConnectorConfig } from 'debezium-connector-config/build-connector-config.ts'
import { type ConnectClient, createConnectClient } from 'debezium-connector-config/connect-client.ts'
import type { ConnectorOptions } from 'debezium-connector-config/connector-options.ts'
import { knownProperty } from 'debezium-connector-config/known-properties.ts'
import { preflight } from 'debezium-connector-config/preflight.ts'
import { type Connector, connectorClasses } from 'debezium-connector-config/property.ts'
import { validateConnectorConfig } from 'debezium-connector-config/validate-connector-config.ts'
import { createConnection } from 'mysql2/promise'
import { freePorts } from '../src/free-ports.ts'
import { type Connect, type Kafka, startConnect, startKafka } from '../src/kafka.ts'
import { installKafkaJars, type KafkaJars, whatKafkaLacks } from '../src/kafka-jars.ts'
import { type Mariadb, startMariadb } from '../src/mariadb.ts'
import { consumeTopic } from '../src/test-support/consume-topic.ts'

const jarsFolder = join(dirname(dirname(import.meta.dirname)), '.strangler', 'kafka')
const lacking = await whatKafkaLacks()
const describeKafka = lacking === undefined ? describe : describe.skip
const password = 'only-for-this-test'

describeKafka(`Kafka, Connect and Debezium${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  let folder: string
  let jars: KafkaJars
  let mariadb: Mariadb
  let kafka: Kafka
  let connect: Connect
  let client: ConnectClient
  let options: ConnectorOptions

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strangler-kafka-'))
    jars = await installKafkaJars(jarsFolder)
    const [database, broker, controller, port] = (await freePorts(4)) as [number, number, number, number]
    mariadb = await startMariadb(join(folder, 'mariadb'), database, password)
    await asRoot(
      'CREATE DATABASE shop',
      'CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, amount DECIMAL(20,4), counter BIGINT UNSIGNED)',
      `CREATE TABLE shop.outbox (id CHAR(36) PRIMARY KEY, aggregatetype VARCHAR(80), aggregateid VARCHAR(80),
        type VARCHAR(80), payload TEXT)`,
      'CREATE TABLE shop.signals (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048))',
      "INSERT INTO shop.orders VALUES (1, '-1234567890123456.7891', 18446744073709551615)",
      `CREATE USER debezium@'127.0.0.1' IDENTIFIED BY '${password}'`,
      "GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO debezium@'127.0.0.1'",
      "GRANT INSERT ON shop.signals TO debezium@'127.0.0.1'",
    )
    kafka = await startKafka(join(folder, 'broker'), { broker, controller }, jars, process.env)
    const { bootstrapServers } = kafka
    const secrets = { SHOP_PASSWORD: password }
    connect = await startConnect(
      join(folder, 'connect'),
      { port, bootstrapServers, secrets },
      jars,
      process.env,
    )
    client = createConnectClient({ url: connect.url })
    options = {
      name: 'shop-source',
      connector: 'mariadb',
      debezium: '3.5',
      topicPrefix: 'pfx',
      database: {
        hostname: '127.0.0.1',
        port: database,
        user: 'debezium',
        password: ['$', '{env:SHOP_PASSWORD}'].join(''),
        serverId: 5401,
      },
      tables: ['shop.orders', 'shop.outbox'],
      excludedOrigins: [42],
      schemaHistory: { bootstrapServers },
      signalTable: 'shop.signals',
      outbox: { table: 'shop.outbox' },
      extra: { 'poll.interval.ms': '10' },
    }
  }, 900_000)

  afterAll(async () => {
    await connect?.stop()
    await kafka?.stop()
    await mariadb?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  async function asRoot(...statements: string[]): Promise<void> {
    const root = await createConnection({ uri: mariadb.adminUrl })
    for (const statement of statements) await root.query(statement)
    await root.end()
  }

  test.each(['mariadb', 'mysql'] as const)(
    "the property tables hold every property of Debezium's %s connector, with its default",
    async connector => {
      expect(await unknownProperties(connect.url, connector)).toEqual([])
    },
    60_000,
  )

  test.each(['mariadb', 'mysql'] as const)(
    "Debezium's own validation finds nothing in what the builder makes for %s",
    async connector => {
      const config = buildConnectorConfig({
        ...options,
        connector,
        excludedOrigins: connector === 'mariadb' ? [42] : ['3e11fa47-71ca-11e1-9e33-c80aa9429562'],
      })
      expect(validateConnectorConfig(config, { debezium: '3.5' })).toEqual([])
      expect(await client.validate(config)).toEqual([])
    },
    60_000,
  )

  test("finds offline what Debezium's own validation lets through", async () => {
    const config = {
      ...buildConnectorConfig(options),
      'database.server.id': '4294967296',
      'tasks.max': '2',
      'snapshot.mode': 'never',
      'signal.enabled.channels': 'sorce',
      'schema.history.internal.kafka.topic': '',
      'database.server.name': 'pfx',
      'heartbeat.intervall.ms': '5',
      'gtid.source.excludes': '42',
    }
    expect(await client.validate(config)).toEqual([])
    expect(validateConnectorConfig(config, { debezium: '3.5' }).map(({ property }) => property)).toEqual([
      'database.server.id',
      'database.server.name',
      'gtid.source.excludes',
      'heartbeat.intervall.ms',
      'schema.history.internal.kafka.topic',
      'signal.enabled.channels',
      'snapshot.mode',
      'tasks.max',
    ])
  }, 60_000)

  test('the preflight, as the login that the connector has, finds odd tables and nothing else', async () => {
    await asRoot(
      'CREATE DATABASE odd',
      'CREATE TABLE odd.parents (id INT PRIMARY KEY)',
      `CREATE TABLE odd.children (id INT PRIMARY KEY, parent INT,
        CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)`,
      'CREATE TABLE odd.keyless (ref UUID)',
      'CREATE TABLE odd.uncaptured (id INT PRIMARY KEY, address INET6)',
    )
    const login = await createConnection({
      host: '127.0.0.1',
      port: mariadb.port,
      user: 'debezium',
      password,
    })
    const query = async (sql: string) => (await login.query(sql))[0] as Record<string, unknown>[]
    const check = async (changes: Partial<ConnectorOptions>) => {
      const { outbox: _, ...plain } = options
      const config = buildConnectorConfig({ ...plain, ...changes })
      return (await preflight(query, { config, debezium: '3.5' })).map(
        ({ severity, property, message }) =>
          `${severity} ${property} ${/INET6|UUID|of_parent|primary/.exec(message)}`,
      )
    }
    try {
      expect(await check({})).toEqual(['warning odd.uncaptured INET6'])
      expect(await check({ tables: ['odd.parents', 'odd.children', 'odd.keyless'] })).toEqual([
        'error odd.uncaptured INET6',
        'warning odd.keyless primary',
        'warning odd.keyless UUID',
        'warning odd.children of_parent',
      ])
    } finally {
      await login.end()
    }
  }, 60_000)

  test('a login that the database refuses is told in a sentence, and nothing is created', async () => {
    const config = buildConnectorConfig({
      ...options,
      name: 'refused',
      database: { ...options.database, password: 'not-the-password' },
    })
    const failure = await applyConnector(client, config).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'CONFIG_REJECTED',
      message: expect.stringContaining('Access denied for user'),
    })
    expect(`${String(failure)}${JSON.stringify(failure)}`).not.toContain('not-the-password')
    expect(await client.config('refused')).toBeUndefined()
  }, 60_000)

  test('a snapshot row and streamed rows arrive; those of an excluded origin do not', async () => {
    const config = buildConnectorConfig(options)
    expect(await applyConnector(client, config)).toMatchObject({
      outcome: 'created',
      status: { state: 'RUNNING' },
    })
    expect(await applyConnector(client, config)).toMatchObject({ outcome: 'unchanged' })
    const [snapshot] = await consumeTopic(jars, kafka.bootstrapServers, 'pfx.shop.orders', 1)
    expect(JSON.parse(snapshot!.key)).toEqual({ id: 1 })
    expect(JSON.parse(snapshot!.value)).toMatchObject({
      op: 'r',
      after: { id: 1, amount: '-1234567890123456.7891', counter: 'AP//////////' },
    })

    await asRoot("INSERT INTO shop.orders VALUES (2, '0.0100', 1)")
    await asRoot(
      'SET SESSION gtid_domain_id = 42, server_id = 4242',
      'INSERT INTO shop.orders VALUES (3, NULL, NULL)',
    )
    await asRoot('DELETE FROM shop.orders WHERE id = 2')
    const records = await consumeTopic(jars, kafka.bootstrapServers, 'pfx.shop.orders', 4)
    expect(records.slice(1).map(({ key, value }) => [JSON.parse(key).id, JSON.parse(value)?.op])).toEqual([
      [2, 'c'],
      [2, 'd'],
      [2, undefined],
    ])
    expect(JSON.parse(records[1]!.value)).toMatchObject({
      after: { amount: '0.0100' },
      transaction: { total_order: 1 },
      source: { connector: 'mariadb', gtid: expect.stringMatching(/^0-1-\d+$/) },
    })
  }, 180_000)

  test('an outbox row becomes an event on the topic of its aggregate', async () => {
    await asRoot(`INSERT INTO shop.outbox VALUES (UUID(), 'order', '17', 'OrderPlaced', '{"total":"12.30"}')`)
    const [event] = await consumeTopic(jars, kafka.bootstrapServers, 'outbox.event.order', 1)
    expect([event!.key, event!.value]).toEqual(['"17"', JSON.stringify('{"total":"12.30"}')])
    expect(event!.headers).toContain('id:')
  }, 90_000)

  test('offsets are read, set back and used; pause, stop and resume are waited for', async () => {
    const name = options.name
    expect((await client.pause(name)).state).toBe('PAUSED')
    await expect(client.resetOffsets(name)).rejects.toMatchObject({ code: 'CONNECTOR_NOT_STOPPED' })
    expect((await client.stop(name)).tasks).toEqual([])
    const offsets = await client.offsets(name)
    expect(offsets).toMatchObject([
      { partition: { server: 'pfx' }, offset: { gtids: expect.stringContaining('0-1-') } },
    ])
    expect(await client.alterOffsets(name, offsets)).toContain('altered successfully')
    expect((await client.resume(name)).state).toBe('RUNNING')
    expect(await client.restart(name, { onlyFailed: true })).toMatchObject({ state: 'RUNNING' })
    expect(await client.delete(name)).toBe(true)
    expect(await client.status(name)).toBeUndefined()
  }, 120_000)
})

describeKafka('the lifeline of a JVM', () => {
  test('a kill -9 of its owner ends Kafka', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strangler-kafka-owner-'))
    const main = join(import.meta.dirname, '..', 'src', 'test-support', 'kafka-owner-main.ts')
    const owner = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, folder, jarsFolder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = (await Promise.race([
      once(createInterface({ input: owner.stdout! }), 'line'),
      once(owner, 'exit').then(([code]) => Promise.reject(new Error(`the owner ended with ${code}`))),
    ])) as [string]
    const { pid } = JSON.parse(line) as { pid: number }
    expect(isAlive(pid)).toBe(true)
    owner.kill('SIGKILL')
    for (let waited = 0; isAlive(pid) && waited < 30_000; waited += 100) await delay(100)
    expect(isAlive(pid)).toBe(false)
    await rm(folder, { recursive: true, force: true })
  }, 900_000)
})

/** Names that the plugin declares and our table lacks, or whose default differs. */
async function unknownProperties(url: string, connector: Connector): Promise<string[]> {
  const answer = await fetch(`${url}/connector-plugins/${connectorClasses[connector]}/config`)
  const declared = (await answer.json()) as {
    name: string
    default_value: string | null
    required: boolean
  }[]
  expect(declared.length).toBeGreaterThan(100)
  return declared
    .filter(({ name }) => !name.includes('(')) // patterns, which Debezium declares under a made-up name
    .filter(({ name, default_value: theirs }) => {
      const ours = knownProperty(name, { connector, debezium: '3.5' })
      return ours === undefined || (ours.default !== undefined && theirs !== null && ours.default !== theirs)
    })
    .map(({ name, default_value: theirs }) => `${name} (${theirs})`)
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.startsWith('Z')
  } catch {
    return false
  }
}
