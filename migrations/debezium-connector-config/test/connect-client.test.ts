import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type ConnectClient, createConnectClient } from '../src/connect-client.ts'
import { type FakeConnect, startFakeConnect } from './fake-connect.ts'
import { configWith } from './good-config.ts'

const name = 'shop-source'
const config = configWith({ 'database.password': 'hunter2' })
let connect: FakeConnect
let client: ConnectClient

beforeEach(async () => {
  connect = await startFakeConnect()
  client = createConnectClient({ url: connect.url, pollMs: 5, rebalanceMs: 200 })
})
afterEach(async () => {
  await connect[Symbol.asyncDispose]()
})

test('creates, reads, updates and deletes', async () => {
  expect(await client.config(name)).toBeUndefined()
  expect(await client.status(name)).toBeUndefined()
  expect(await client.putConfig(name, config)).toBe('created')
  expect(await client.putConfig(name, config)).toBe('updated')
  expect(await client.config(name)).toEqual(config)
  expect(await client.status(name)).toEqual({
    name,
    state: 'RUNNING',
    worker: '127.0.0.1:8083',
    tasks: [{ id: 0, state: 'RUNNING', worker: '127.0.0.1:8083' }],
  })
  expect(await client.delete(name)).toBe(true)
  expect(await client.delete(name)).toBe(false)
})

test('returns from a delete when the connector is gone', async () => {
  await client.putConfig(name, config)
  connect.behind = 3
  expect(await client.delete(name)).toBe(true)
  expect(await client.status(name)).toBeUndefined()
})

test('pauses, resumes, stops and restarts, and returns when it is so', async () => {
  await client.putConfig(name, config)
  expect((await client.pause(name)).tasks[0]?.state).toBe('PAUSED')
  expect((await client.resume(name)).state).toBe('RUNNING')
  expect(await client.stop(name)).toMatchObject({ state: 'STOPPED', tasks: [] })
  expect((await client.restart(name, { onlyFailed: true })).state).toBe('RUNNING')
  expect(connect.requests).toContain(`POST /connectors/${name}/restart?includeTasks=true&onlyFailed=true`)
})

test('changes offsets of a stopped connector only, and says so', async () => {
  const offsets = [
    { partition: { server: 'shop' }, offset: { file: 'binlog.000003', pos: 4, gtids: '0-1-17' } },
  ]
  await client.putConfig(name, config)
  await expect(client.alterOffsets(name, offsets)).rejects.toMatchObject({
    code: 'CONNECTOR_NOT_STOPPED',
    hint: expect.stringContaining('stop it'),
  })
  await client.stop(name)
  expect(await client.alterOffsets(name, offsets)).toBe(
    'The offsets for this connector have been altered successfully',
  )
  expect(await client.offsets(name)).toEqual(offsets)
  await client.resetOffsets(name)
  expect(await client.offsets(name)).toEqual([])
})

test('waits a rebalance out, and not for ever', async () => {
  connect.rebalancing = 3
  expect(await client.putConfig(name, config)).toBe('created')
  expect(connect.requests).toHaveLength(4)
  connect.rebalancing = 1_000_000
  await expect(client.config(name)).rejects.toMatchObject({
    code: 'REBALANCE_TOO_LONG',
    message: 'still 409 after 200 ms: Request cannot be completed because a rebalance is expected',
  })
})

test("brings Debezium's validation back as findings, without secrets", async () => {
  connect.validationErrors = {
    'database.hostname': "Unable to connect: Access denied for 'debezium' with hunter2",
    'database.password': "The 'hunter2' value is invalid",
  }
  expect(await client.validate(config)).toEqual(
    [
      { severity: 'error', property: 'database.password', message: 'refused by the connector' },
      {
        severity: 'error',
        property: 'database.hostname',
        message: "Unable to connect: Access denied for 'debezium' with ********",
      },
    ].toSorted(
      (one, other) => Object.keys(config).indexOf(one.property) - Object.keys(config).indexOf(other.property),
    ),
  )
})

test('names what is missing and what can not be reached', async () => {
  await expect(client.pause('nobody')).rejects.toMatchObject({
    code: 'CONNECTOR_MISSING',
    message: 'Connector nobody not found',
  })
  const gone = createConnectClient({ url: 'http://user:hunter2@127.0.0.1:1' })
  const failure = await gone.config(name).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'CONNECT_UNREACHABLE', details: { cause: 'ECONNREFUSED' } })
  expect(`${JSON.stringify(failure)} ${String(failure)}`).not.toContain('hunter2')
  expect(() => createConnectClient({ url: 'localhost:8083' })).toThrow('over http or https')
})

test('sends the login of the URL', async () => {
  const url = connect.url.replace('http://', 'http://operator:p%40ss@')
  await createConnectClient({ url }).config(name)
  expect(connect.authorizations).toEqual([`Basic ${Buffer.from('operator:p@ss').toString('base64')}`])
})

test('escapes names that a path could not carry', async () => {
  await client.putConfig('a/b c', config)
  expect(connect.requests).toEqual(['PUT /connectors/a%2Fb%20c/config'])
})

test('says after the wait what state it was in', async () => {
  await client.putConfig(name, config)
  await expect(client.waitFor(name, 'PAUSED', { waitMs: 20 })).rejects.toMatchObject({
    code: 'WAIT_TOO_LONG',
    message: `${name} is RUNNING, task RUNNING, not PAUSED, after 20 ms`,
  })
})
