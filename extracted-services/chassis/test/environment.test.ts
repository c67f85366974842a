import { expect, test } from '@jest/globals'
import { readEnv } from '@strangler/kit/read-env.ts'
import { z } from 'zod'
import { registryEnvironment, registryOf } from '../src/discovery/registry-environment.ts'
import { brokerEnvironment, brokerOf, requiredBrokerOf } from '../src/messaging/broker-environment.ts'

const database = 'mysql://orders:x@127.0.0.1:3306/orders'
const log = 'mysql://orders:x@127.0.0.1:3306/messaging'
const schema = z.object({ DATABASE_URL: z.url(), ...brokerEnvironment, ...registryEnvironment })
const read = (variables: Record<string, string>) => readEnv(schema, { DATABASE_URL: database, ...variables })

test('takes the log in MariaDB by default, Kafka when told, and none where nothing is said', () => {
  expect(brokerOf(read({ MESSAGING_URL: log }))).toEqual({ kind: 'embedded', url: log, tail: undefined })
  expect(
    brokerOf(read({ MESSAGING: 'kafka', KAFKA_BROKERS: 'a:9092, b:9093', KAFKA_REPLICAS: '3' })),
  ).toEqual({
    kind: 'kafka',
    servers: ['a:9092', 'b:9093'],
    replicas: 3,
    tail: undefined,
  })
  expect(brokerOf(read({}))).toBeUndefined()
})

test('tails the binlog by the service’s own account unless another one is named', () => {
  expect(brokerOf(read({ MESSAGING_URL: log, OUTBOX: 'tailing' }))?.tail).toBe(database)
  const OUTBOX_TAIL_URL = 'mysql://reader:x@127.0.0.1:3306/orders'
  expect(brokerOf(read({ MESSAGING_URL: log, OUTBOX: 'tailing', OUTBOX_TAIL_URL }))?.tail).toBe(
    OUTBOX_TAIL_URL,
  )
})

test('names the variable that is missing', () => {
  const problem = (path: string) =>
    expect.objectContaining({
      code: 'ENV_INVALID',
      details: { problems: [{ path, message: 'is required' }] },
    })
  const thrown = (work: () => unknown) => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
  expect(thrown(() => brokerOf(read({ MESSAGING: 'kafka' })))).toEqual(problem('KAFKA_BROKERS'))
  expect(thrown(() => requiredBrokerOf(read({})))).toEqual(problem('MESSAGING_URL'))
  expect(() => read({ KAFKA_BROKERS: 'nonsense' })).toThrow('KAFKA_BROKERS')
})

test('has a registry only with its address and a token', () => {
  const STRANGLER_REGISTRY_URL = 'http://127.0.0.1:8081'
  expect(registryOf(read({ STRANGLER_REGISTRY_URL }))).toBeUndefined()
  expect(registryOf(read({ STRANGLER_REGISTRY_URL, STRANGLER_REGISTRY_TOKEN: 't' }))).toEqual({
    url: STRANGLER_REGISTRY_URL,
    token: 't',
  })
})
