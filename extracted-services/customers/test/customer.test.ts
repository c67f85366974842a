import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type Customer,
  type CustomerCommand,
  customerStatuses,
  decide,
  instantOf,
  openCustomer,
  type Revision,
} from '../src/domain/customer.ts'

const at = '2024-03-01T00:00:00Z'
const ann: Customer = {
  id: 7,
  ...openCustomer({ name: 'Ann', creditLimit: '10.00' }, '2024-02-29T12:34:56Z'),
}

const nullable = fc.option(fc.string(), { nil: null })
const revision: fc.Arbitrary<Revision> = fc.record(
  { name: fc.string(), email: nullable, phone: nullable, vip: fc.boolean() },
  { requiredKeys: [] },
)
const command: fc.Arbitrary<CustomerCommand> = fc.oneof(
  revision.map(changes => ({ type: 'revise' as const, ...changes })),
  fc.constantFrom('0.00', '5.25').map(creditLimit => ({ type: 'change-credit-limit' as const, creditLimit })),
  fc.constantFrom(...customerStatuses).map(status => ({ type: 'set-status' as const, status })),
)

test('opens a customer active and never reviewed, with every column known', () => {
  expect(openCustomer({ name: 'Ann', creditLimit: '10.00', email: null, vip: true }, at)).toEqual({
    name: 'Ann',
    email: null,
    phone: null,
    creditLimit: '10.00',
    status: 'active',
    vip: true,
    openedAt: at,
    reviewedOn: null,
    updatedAt: at,
  })
})

test('changes what a command names and nothing else', () => {
  fc.assert(
    fc.property(command, given => {
      const { type, ...changes } = given
      expect(decide(ann, given, at)).toEqual({ ...ann, ...changes, updatedAt: at })
    }),
  )
})

test('comes to the same customer when a command is repeated', () => {
  fc.assert(
    fc.property(command, given => {
      const once = decide(ann, given, at)
      expect(decide(once, given, at)).toEqual(once)
    }),
  )
})

test('changes the customer it was given in no way', () => {
  const frozen = Object.freeze({ ...ann })
  fc.assert(fc.property(command, given => decide(frozen, given, at) !== frozen))
})

test('cuts an instant to whole seconds of UTC', () => {
  expect(instantOf(Date.UTC(2024, 1, 29, 12, 34, 56, 999))).toBe('2024-02-29T12:34:56Z')
})
