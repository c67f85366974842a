import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { applyConnector } from '../src/apply-connector.ts'
import { type ConnectClient, createConnectClient } from '../src/connect-client.ts'
import { type FakeConnect, startFakeConnect } from './fake-connect.ts'
import { configWith } from './good-config.ts'

const name = 'shop-source'
const config = configWith({ 'database.password': 'hunter2' })
const quick = { settleMs: 5, pollMs: 5, waitMs: 1_000 }
let connect: FakeConnect
let client: ConnectClient

beforeEach(async () => {
  connect = await startFakeConnect()
  client = createConnectClient({ url: connect.url, pollMs: 5 })
})
afterEach(async () => {
  await connect[Symbol.asyncDispose]()
})

test('creates a connector and waits until its task runs', async () => {
  connect.behind = 3
  const { outcome, status } = await applyConnector(client, config, quick)
  expect([outcome, status.state, status.tasks[0]?.state]).toEqual(['created', 'RUNNING', 'RUNNING'])
})

test('changes nothing when it is applied again', async () => {
  await applyConnector(client, config, quick)
  connect.requests.length = 0
  expect((await applyConnector(client, config, quick)).outcome).toBe('unchanged')
  expect(
    connect.requests.filter(request => !request.startsWith('GET') && !request.includes('/validate')),
  ).toEqual([])
})

test('waits after a change until the tasks run with it, not with the one of before', async () => {
  await applyConnector(client, config, quick)
  connect.behind = 4
  const changed = { ...config, 'poll.interval.ms': '10' }
  expect((await applyConnector(client, changed, quick)).outcome).toBe('updated')
  expect(connect.connectors.get(name)?.taskConfig['poll.interval.ms']).toBe('10')
})

test('sends nothing that the connector itself refuses', async () => {
  connect.validationErrors = {
    'database.hostname': 'Unable to connect: unknown host db.internal',
    'database.port': 'x',
  }
  await expect(applyConnector(client, config, quick)).rejects.toMatchObject({
    code: 'CONFIG_REJECTED',
    message: 'database.hostname: Unable to connect: unknown host db.internal (and 1 more)',
  })
  expect(connect.connectors.size).toBe(0)
})

test("says the task's reason in one sentence, without the password", async () => {
  connect.failWith =
    'org.apache.kafka.connect.errors.ConnectException: Error\n\tat a.b(C.java:1)\nCaused by: java.sql.SQLException: login with hunter2 was refused\n\tat d.e(F.java:2)\n'
  const failure = await applyConnector(client, config, quick).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'CONNECTOR_FAILED',
    message: `task 0 of ${name} failed: login with ******** was refused`,
  })
  expect(JSON.stringify(failure)).not.toContain('hunter2')
})

test('restarts a connector that failed, once its cause is mended', async () => {
  connect.failWith = 'x.Y: the server was away for a while'
  await expect(applyConnector(client, config, quick)).rejects.toMatchObject({ code: 'CONNECTOR_FAILED' })
  connect.failWith = undefined
  expect(await applyConnector(client, config, quick)).toMatchObject({
    outcome: 'unchanged',
    status: { state: 'RUNNING' },
  })
})

test('leaves a paused connector paused', async () => {
  await applyConnector(client, config, quick)
  await client.pause(name)
  expect(await applyConnector(client, { ...config, 'poll.interval.ms': '7' }, quick)).toMatchObject({
    outcome: 'updated',
    status: { state: 'PAUSED' },
  })
})

test('gives up after the wait', async () => {
  connect.behind = 1_000_000
  await expect(applyConnector(client, config, { ...quick, waitMs: 30 })).rejects.toMatchObject({
    code: 'WAIT_TOO_LONG',
    message: `${name} has no status, not RUNNING, after 30 ms`,
  })
})
