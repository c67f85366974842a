import { expect, test } from '@jest/globals'
import { findingsOf } from './good-config.ts'

test.each([
  ['never', 'error snapshot.mode → no_data'],
  ['always', 'warning snapshot.mode → initial'],
  ['initial_only', 'warning snapshot.mode → initial'],
  ['when_needed', 'warning snapshot.mode → initial'],
  ['recovery', 'warning snapshot.mode → initial'],
])('flags snapshot.mode=%s', (mode, finding) => {
  expect(findingsOf({ 'snapshot.mode': mode })).toEqual([finding])
})

test('accepts a connector that starts without a copy', () => {
  expect(findingsOf({ 'snapshot.mode': 'no_data' })).toEqual([])
})

test('refuses never as unknown where it is gone', () => {
  expect(findingsOf({ 'snapshot.mode': 'never' }, '3.6')).toEqual(['error snapshot.mode'])
})

test('wants the name of a custom mode, and warns of a name without one', () => {
  expect(findingsOf({ 'snapshot.mode': 'custom' })).toEqual(['error snapshot.mode.custom.name'])
  expect(findingsOf({ 'snapshot.mode': 'custom', 'snapshot.mode.custom.name': 'mine' })).toEqual([])
  expect(findingsOf({ 'snapshot.query.mode.custom.name': 'mine' })).toEqual([
    'warning snapshot.query.mode.custom.name',
  ])
})

test('ties configuration_based to its switches', () => {
  const data = 'snapshot.mode.configuration.based.snapshot.data'
  expect(findingsOf({ 'snapshot.mode': 'configuration_based' })).toEqual(['error snapshot.mode'])
  expect(findingsOf({ 'snapshot.mode': 'configuration_based', [data]: 'true' })).toEqual([])
  expect(findingsOf({ [data]: 'true' })).toEqual([`warning ${data}`])
})

test('warns of a snapshot without locks', () => {
  expect(findingsOf({ 'snapshot.locking.mode': 'none' })).toEqual(['warning snapshot.locking.mode → minimal'])
})

test('ties overridden SELECTs to their list', () => {
  const overrides = 'snapshot.select.statement.overrides'
  expect(findingsOf({ [overrides]: 'shop.orders', [`${overrides}.shop.orders`]: 'SELECT 1' })).toEqual([])
  expect(findingsOf({ [overrides]: 'shop.orders' })).toEqual([`error ${overrides}.shop.orders`])
  expect(findingsOf({ [`${overrides}.shop.orders`]: 'SELECT 1' })).toEqual([`error ${overrides}.shop.orders`])
})
