import { expect, jest, test } from '@jest/globals'
import { json, startFake, stateFolder, strangler } from './fake-system.ts'
import { askPrograms } from './real-programs.ts'

jest.setTimeout(60_000)

const config = {
  'connector.class': 'io.debezium.connector.mariadb.MariaDbConnector',
  'tasks.max': '1',
  'database.hostname': 'db',
  'database.port': '3306',
  'database.user': 'strangler',
  'database.password': ['$', '{env:STRANGLER_DB_LEGACY_PASSWORD}'].join(''),
  'database.server.id': '1000000001',
  'topic.prefix': 'strangler.customers.legacy',
  'table.include.list': 'legacy_shop.CUST_MST',
  'schema.history.internal.kafka.bootstrap.servers': 'kafka:9092',
  'schema.history.internal.kafka.topic': 'strangler.customers.legacy.schema-history',
}
const described = (change: object = {}) => ({
  capability: 'customers',
  connectors: [
    { side: 'legacy', name: 'strangler-customers-legacy', config: { ...config, ...change } },
    { side: 'extracted', name: 'strangler-customers-extracted', config },
  ],
})

async function against(document: unknown, ...args: string[]) {
  await using engine = await startFake(json(document))
  await using system = await stateFolder({ engine: { url: engine.url } })
  const ran = await strangler(system.folder, ['connector', 'customers', ...args], { ask: askPrograms })
  return { ...ran, asked: engine.asked.map(({ path }) => path) }
}

test('shows the connectors of the plan, of one side where that is asked', async () => {
  const ran = await against(described(), '--side', 'legacy', '--kafka', 'broker:9092', '--json')
  expect(ran.asked).toEqual(['/capabilities/customers/connectors?kafka=broker%3A9092'])
  expect((JSON.parse(ran.stdout) as { connectors: unknown[] }).connectors).toMatchObject([
    { side: 'legacy', config },
  ])
})

test('has them checked by debezium-connector-config, and says what is wrong', async () => {
  expect(await against(described(), '--validate')).toMatchObject({ exit: 0 })
  const ran = await against(described({ 'snapshot.mode': 'sometimes' }), '--validate')
  expect(ran.exit).toBe(1)
  expect(ran.stdout).toContain('✗ strangler-customers-legacy')
  expect(ran.stdout).toContain('snapshot.mode')
})

test('applies only where it is told where', async () => {
  const ran = await against(described(), '--apply')
  expect(ran).toMatchObject({ exit: 2, asked: [] })
  expect(ran.stderr).toContain('--connect')
})
