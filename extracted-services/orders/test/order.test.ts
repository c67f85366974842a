import { expect, test } from '@jest/globals'
import { amountOf, centsOf } from '@strangler/chassis/values/amount.ts'
import fc from 'fast-check'
import {
  decide,
  evolve,
  type OrderCommand,
  type OrderEvent,
  type OrderState,
  totalOf,
} from '../src/domain/order.ts'

const at = '2024-02-29T12:00:00.000Z'
const later = '2024-02-29T13:00:00.000Z'
const lines = [{ sku: 'TEA', quantity: 2 }]
const priced = [{ sku: 'TEA', quantity: 2, unitPrice: '1.25' }]
const place: OrderCommand = { type: 'place', customerId: 7, lines }
const confirm: OrderCommand = { type: 'confirm', lines: priced }
const requestCancel: OrderCommand = { type: 'request-cancel' }
const cancel: OrderCommand = { type: 'cancel', reason: { code: 'NO' } }

function after(...commands: OrderCommand[]): { state: OrderState; events: OrderEvent[] } {
  let state: OrderState = null
  const events: OrderEvent[] = []
  for (const command of commands)
    for (const event of decide(state, command, at)) {
      events.push(event)
      state = evolve(state, event)
    }
  return { state, events }
}
const codeOf = (...commands: OrderCommand[]) => {
  try {
    after(...commands)
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('is pending once placed, with its lines and no price yet', () => {
  expect(after(place).state).toEqual({
    status: 'PENDING',
    customerId: 7,
    lines,
    total: null,
    reason: null,
    placedAt: at,
    updatedAt: at,
  })
})

test('is confirmed with its prices and total', () => {
  expect(after(place, confirm).state).toMatchObject({ status: 'CONFIRMED', lines: priced, total: '2.50' })
})

test('is canceled with the reason', () => {
  expect(after(place, cancel).state).toMatchObject({ status: 'CANCELED', reason: { code: 'NO' } })
})

test('can be canceled after it was confirmed only by way of canceling', () => {
  expect(codeOf(place, confirm, cancel)).toBe('ORDER_CONFIRMED')
  expect(after(place, confirm, requestCancel).state?.status).toBe('CANCELING')
  expect(after(place, confirm, requestCancel, cancel).state?.status).toBe('CANCELED')
})

test('can not be canceled by anybody else while it is pending', () => {
  expect(codeOf(place, requestCancel)).toBe('ORDER_PENDING')
})

test('is never confirmed once it is canceled', () => {
  expect(codeOf(place, cancel, confirm)).toBe('ORDER_CANCELED')
  expect(codeOf(place, confirm, requestCancel, confirm)).toBe('ORDER_CANCELED')
})

test('makes nothing happen of a command that has been carried out', () => {
  for (const commands of [[place], [place, confirm], [place, cancel], [place, confirm, requestCancel]])
    expect(after(...commands, commands.at(-1)!).events).toEqual(after(...commands).events)
})

test('says that there is no order before it is placed', () => {
  for (const command of [confirm, cancel, requestCancel]) expect(codeOf(command)).toBe('ORDER_NOT_FOUND')
})

test('tells when it changed last', () => {
  const { state } = after(place)
  const [event] = decide(state, confirm, later)
  expect(evolve(state, event!)?.updatedAt).toBe(later)
})

test('adds amounts up exactly', () => {
  expect(
    totalOf([
      { sku: 'A', quantity: 3, unitPrice: '0.10' },
      { sku: 'B', quantity: 9_999, unitPrice: '999999.99' },
    ]),
  ).toBe('9998999900.31')
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), cents => centsOf(amountOf(cents)) === cents))
})
