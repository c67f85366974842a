import { expect, test } from '@jest/globals'
import { findingsOf } from './good-config.ts'

const outbox = { tables: ['shop.orders', 'shop.outbox'], outbox: { table: 'shop.outbox' } }

test('finds nothing in the outbox router that the builder makes', () => {
  const headers = { ...outbox, outbox: { ...outbox.outbox, headers: { trace: 'traceparent' } } }
  expect(findingsOf({}, '3.5', headers)).toEqual([])
})

test('wants the router behind a predicate', () => {
  const bare = { 'transforms.outbox.predicate': undefined }
  expect(findingsOf(bare, '3.5', outbox)).toEqual([
    expect.stringMatching(/^error transforms\.outbox\.predicate/),
  ])
  expect(findingsOf(bare, '3.5', { ...outbox, tables: ['shop.outbox'] })).toEqual([
    expect.stringMatching(/^warning transforms\.outbox\.predicate/),
  ])
})

test('wants a predicate that matches the topic of a captured table', () => {
  expect(findingsOf({ 'predicates.isOutbox.pattern': 'shop\\.shop\\.outbx' }, '3.5', outbox)).toEqual([
    'error predicates.isOutbox.pattern → shop\\.shop\\.outbox',
  ])
  expect(findingsOf({ 'predicates.isOutbox.pattern': '.*outbox' }, '3.5', outbox)).toEqual([])
})

test('wants every alias declared, typed and spelt alike', () => {
  expect(findingsOf({ transforms: 'outbox,route' }, '3.5', outbox)).toEqual(['error transforms.route.type'])
  expect(findingsOf({ 'transforms.outbix.route.by.field': 'x' }, '3.5', outbox)).toEqual([
    'error transforms.outbix → outbox',
  ])
  expect(findingsOf({ 'transforms.outbox.predicate': 'isOutbux' }, '3.5', outbox)).toContain(
    'error transforms.outbox.predicate → isOutbox',
  )
  expect(findingsOf({ converters: 'flag' })).toEqual(['error flag.type'])
})

test("checks the router's own options, release by release", () => {
  expect(findingsOf({ 'transforms.outbox.table.field.event.ky': 'x' }, '3.5', outbox)).toEqual([
    'error transforms.outbox.table.field.event.ky → transforms.outbox.table.field.event.key',
  ])
  expect(findingsOf({ 'transforms.outbox.table.op.invalid.behavior': 'ignore' }, '3.5', outbox)).toEqual([
    'error transforms.outbox.table.op.invalid.behavior',
  ])
  const onMissing = { 'transforms.outbox.table.fields.additional.error.on.missing': 'false' }
  expect(findingsOf(onMissing, '3.5', outbox)).toEqual([])
  expect(findingsOf(onMissing, '3.6', outbox)).toEqual([
    'error transforms.outbox.table.fields.additional.error.on.missing',
  ])
})

test('knows when the unwrapping transform changed its options', () => {
  const unwrap = {
    transforms: 'unwrap',
    'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.unwrap.drop.tombstones': 'false',
  }
  expect(findingsOf(unwrap, '3.1')).toEqual([])
  expect(findingsOf(unwrap, '3.2')).toEqual(['error transforms.unwrap.drop.tombstones'])
})

test("leaves other people's transforms alone", () => {
  expect(
    findingsOf({
      transforms: 'route',
      'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
      'transforms.route.regex': '.*',
      'transforms.route.replacement': 'all',
    }),
  ).toEqual([])
})
