import { expect, test } from '@jest/globals'
import { halved } from '../src/drill/drill-curves.ts'
import { proveOrder } from '../src/drill/order-proof.ts'
import { createReadWatch } from '../src/drill/read-proof.ts'

const write = (subject: string, sentAt: number, answeredAt: number) => ({ subject, sentAt, answeredAt })

test('a write stands after those of its key that were acknowledged before it was sent', () => {
  const writes = new Map([
    ['a', write('7', 0, 10)],
    ['b', write('7', 20, 30)],
    ['c', write('8', 40, 50)],
  ])
  const inOrder = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 0],
  ])
  expect(proveOrder(writes, inOrder)).toEqual({ checked: 1, broken: [] })
  expect(proveOrder(writes, new Map([...inOrder, ['a', 5]]))).toEqual({ checked: 1, broken: ['b'] })
})

test('writes under way at the same time may stand either way', () => {
  const writes = new Map([
    ['a', write('7', 0, 25)],
    ['b', write('7', 20, 30)],
  ])
  const swapped = new Map([
    ['a', 2],
    ['b', 1],
  ])
  expect(proveOrder(writes, swapped)).toEqual({ checked: 0, broken: [] })
})

test('an early write that took long still counts for those sent after its answer', () => {
  const writes = new Map([
    ['slow', write('7', 0, 90)],
    ['quick', write('7', 10, 20)],
    ['late', write('7', 100, 110)],
  ])
  const places = new Map([
    ['slow', 9],
    ['quick', 1],
    ['late', 5],
  ])
  expect(proveOrder(writes, places)).toEqual({ checked: 1, broken: ['late'] })
})

test('a caller sees what it wrote, and what it has once seen', () => {
  const watch = createReadWatch('drill.x')
  watch.acknowledged('7', 'drill.x-000001')
  watch.reads('7')('["drill.x-000001","drill.x-000002"]')
  watch.reads('7')('["drill.x-000001"]')
  watch.reads('8')('[]')
  expect(watch.proof()).toEqual({ total: 3, stale: ['a read of 7 lacks 1 of 2: drill.x-000002'] })
})

test('a write acknowledged while the read was under way need not be in it', () => {
  const watch = createReadWatch('drill.x')
  const answered = watch.reads('7')
  watch.acknowledged('7', 'drill.x-000001')
  answered('[]')
  expect(watch.proof().stale).toEqual([])
})

test('samples are thinned out without losing a write or a peak', () => {
  const sample = (atMs: number, legacy: number, lagMs: number | null) => ({
    atMs,
    legacy,
    extracted: 1,
    waiting: legacy,
    lagMs,
  })
  expect(halved([sample(100, 3, null), sample(200, 5, 40), sample(300, 1, 9)])).toEqual([
    { atMs: 200, legacy: 8, extracted: 2, waiting: 5, lagMs: 40 },
    { atMs: 300, legacy: 1, extracted: 1, waiting: 1, lagMs: 9 },
  ])
})
