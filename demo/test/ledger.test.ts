import { expect, test } from '@jest/globals'
import { createLedger } from '../src/traffic/ledger.ts'

const named = (value: string) => ({ kind: 'set', what: 'customer', id: '7', field: 'name', value }) as const

test('asks for every acknowledged token, and for none that got no answer', () => {
  const ledger = createLedger()
  ledger.record({ kind: 'added', what: 'customer', token: 'a' }, 'acknowledged')
  ledger.record({ kind: 'added', what: 'customer', token: 'b' }, 'unknown')
  ledger.record({ kind: 'added', what: 'note', token: 'c' }, 'acknowledged')
  const { added } = ledger.expectation()
  expect([...added.customer]).toEqual(['a'])
  expect([...added.note]).toEqual(['c'])
  expect(ledger.counts()).toEqual({ acknowledged: 2, unknown: 1 })
})

test('allows the last acknowledged value, and those of later writes that got no answer', () => {
  const ledger = createLedger()
  const allowed = () => ledger.expectation().set.map(field => field.allowed)
  ledger.record(named('first'), 'acknowledged')
  ledger.record(named('second'), 'acknowledged')
  ledger.record(named('perhaps'), 'unknown')
  expect(allowed()).toEqual([['second', 'perhaps']])
  ledger.record(named('third'), 'acknowledged')
  expect(allowed()).toEqual([['third']])
})

test('adds up the movements of stock; one that got no answer may have happened or not', () => {
  const ledger = createLedger()
  ledger.record({ kind: 'moved', sku: 'CUP', by: 100 }, 'acknowledged')
  ledger.record({ kind: 'moved', sku: 'CUP', by: -1 }, 'acknowledged')
  expect(ledger.expectation().moved.get('CUP')).toEqual({ least: 99, most: 99 })
  ledger.record({ kind: 'moved', sku: 'CUP', by: -2 }, 'unknown')
  ledger.record({ kind: 'moved', sku: 'CUP', by: 5 }, 'unknown')
  expect(ledger.expectation().moved.get('CUP')).toEqual({ least: 97, most: 104 })
})
