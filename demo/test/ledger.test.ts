import { expect, test } from '@jest/globals'
import { createLedger } from '../src/traffic/ledger.ts'

const named = (value: string) => ({ kind: 'set', customer: 7, field: 'name', value }) as const

test('asks for every acknowledged token, and for none that got no answer', () => {
  const ledger = createLedger()
  ledger.record({ kind: 'created', token: 'a' }, 'acknowledged')
  ledger.record({ kind: 'created', token: 'b' }, 'unknown')
  ledger.record({ kind: 'noted', token: 'c' }, 'acknowledged')
  const { created, noted } = ledger.expectation()
  expect([...created]).toEqual(['a'])
  expect([...noted]).toEqual(['c'])
  expect(ledger.counts()).toEqual({ acknowledged: 2, unknown: 1 })
})

test('allows the last acknowledged value, and those of later writes that got no answer', () => {
  const ledger = createLedger()
  ledger.record(named('first'), 'acknowledged')
  ledger.record(named('second'), 'acknowledged')
  ledger.record(named('perhaps'), 'unknown')
  expect(ledger.expectation().set.get('7.name')?.allowed).toEqual(['second', 'perhaps'])
  ledger.record(named('third'), 'acknowledged')
  expect(ledger.expectation().set.get('7.name')?.allowed).toEqual(['third'])
})
