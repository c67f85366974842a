import { expect, test } from '@jest/globals'
import { maskSecrets, maskText } from '../src/mask-secrets.ts'
import { sentenceOf } from '../src/task-trace.ts'
import { placeholder } from './good-config.ts'

test('masks passwords, keys and logins, and nothing else', () => {
  const masked = maskSecrets({
    'database.password': 'hunter2',
    'database.ssl.truststore.password': 'hunter2',
    'schema.history.internal.consumer.sasl.jaas.config': 'hunter2',
    'value.converter.basic.auth.user.info': 'hunter2',
    'column.mask.hash.SHA-256.with.salt.hunter2': 'shop.a.b',
    'database.user': 'debezium',
    'signal.kafka.topic': 'signals',
  })
  expect(Object.values(masked)).toEqual([...Array(5).fill('********'), 'debezium', 'signals'])
})

test('keeps references to secrets', () => {
  expect(maskSecrets({ 'database.password': placeholder('DB_PASSWORD') })).toEqual({
    'database.password': placeholder('DB_PASSWORD'),
  })
})

test('takes secrets out of what a server says', () => {
  const config = { 'database.password': 'hunter2', 'database.user': 'debezium' }
  expect(maskText('login debezium:hunter2 refused', config)).toBe('login debezium:******** refused')
})

test("tells the innermost cause of a task's trace in one sentence", () => {
  const trace = [
    'org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.',
    '\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)',
    'Caused by: io.debezium.DebeziumException: Failed to read next byte from position 4',
    '\tat io.debezium.connector.binlog.X.y(X.java:1)',
    '\t... 3 more',
    'Caused by: java.io.EOFException: Failed to read next byte',
    '   from position 4',
    '\t... 5 more',
  ].join('\n')
  expect(sentenceOf(trace)).toBe('Failed to read next byte from position 4')
})

test('adds the outer message where the inner one says too little', () => {
  expect(
    sentenceOf('a.b.ConnectException: could not connect\n\tat x\nCaused by: java.net.SocketException: reset'),
  ).toBe('could not connect (SocketException: reset)')
  expect(sentenceOf('java.lang.NullPointerException\n\tat x.y(Z.java:1)')).toBe('NullPointerException')
  expect(sentenceOf(`x.Y: ${'long '.repeat(200)}`)).toHaveLength(400)
})
