import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { commit, release, reserve } from '../src/application/change-reservations.ts'
import { decide, type Line, mergeLines, type Reservation } from '../src/domain/reservation.ts'
import { createInMemoryCatalogRepository } from './in-memory-catalog-repository.ts'
import { at, newProduct, traceparent } from './repository-contract.ts'

const kept = { rehearsal: false, traceparent }
const skus = ['A', 'B', 'C']
const line: fc.Arbitrary<Line> = fc.record({
  sku: fc.constantFrom(...skus),
  quantity: fc.integer({ min: 1, max: 5 }),
})
const wanted = fc.array(line, { minLength: 1, maxLength: 5 })
const orderId = fc.constantFrom('o-1', 'o-2', 'o-3')
const step = fc.oneof(
  fc.record({ verb: fc.constant('reserve' as const), orderId, lines: wanted }),
  fc.record({ verb: fc.constantFrom('release' as const, 'commit' as const), orderId }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function walk(steps: readonly Step[], stock: number) {
  const catalog = createInMemoryCatalogRepository()
  for (const sku of skus) await catalog.write(writer => writer.insert(newProduct(sku, { stock })), kept)
  const seen = new Map<string, Reservation[]>()
  for (const next of steps) {
    await catalog
      .write(async writer => {
        if (next.verb === 'reserve') await reserve(writer, next.orderId, next.lines, at)
        else await { release, commit }[next.verb](writer, next.orderId, at)
      }, kept)
      .catch(error => expect(String(error.code)).toMatch(/^(RESERVATION_|OUT_OF_STOCK)/))
    const reservation = await catalog.findReservation(next.orderId)
    if (reservation !== undefined) seen.set(next.orderId, [...(seen.get(next.orderId) ?? []), reservation])
  }
  return { catalog, seen }
}

test('merges lines of one SKU and puts them in the order of SKUs, whatever order they came in', () => {
  fc.assert(
    fc.property(wanted, lines => {
      const merged = mergeLines(lines)
      expect(merged.map(({ sku }) => sku)).toEqual([...new Set(lines.map(({ sku }) => sku))].sort())
      for (const { sku, quantity } of merged) {
        const same = lines.filter(one => one.sku === sku)
        expect(quantity).toBe(same.reduce((sum, one) => sum + one.quantity, 0))
      }
      expect(mergeLines(lines.toReversed())).toEqual(merged)
    }),
  )
})

test('never loses, invents or oversells a piece, whatever comes in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(12), async (steps, stock) => {
      const { catalog, seen } = await walk(steps, stock)
      const held = [...seen.values()]
        .map(history => history.at(-1)!)
        .filter(({ status }) => status === 'reserved' || status === 'committed')
        .flatMap(({ lines }) => lines)
      for (const sku of skus) {
        const left = (await catalog.find(sku))!.stock
        const away = held.filter(one => one.sku === sku).reduce((sum, one) => sum + one.quantity, 0)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(left + away).toBe(stock)
      }
    }),
  )
})

test('moves a reservation forward only, and says each thing that happened to it once', async () => {
  const after: Record<string, readonly string[]> = {
    reserved: ['reserved', 'committed', 'released'],
    refused: ['refused'],
    committed: ['committed'],
    released: ['released'],
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(12), async (steps, stock) => {
      const { catalog, seen } = await walk(steps, stock)
      for (const [order, history] of seen) {
        for (const [index, { status }] of history.slice(1).entries())
          expect(after[history[index]!.status]).toContain(status)
        const said = catalog.messages().filter(({ key }) => key === order)
        const statuses = [...new Set(history.map(({ status }) => status))]
        const told = {
          reserved: 'StockReserved',
          refused: 'StockRefused',
          released: 'StockReleased',
          committed: undefined,
        }
        expect(said.map(({ type }) => type)).toEqual(
          statuses.map(status => told[status]).filter(type => type !== undefined),
        )
      }
    }),
  )
})

test('comes to the same when any step is repeated at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.nat(12), async (steps, stock) => {
      const once = await walk(steps, stock)
      const twice = await walk(
        steps.flatMap(one => [one, one]),
        stock,
      )
      for (const sku of skus) expect(await twice.catalog.find(sku)).toEqual(await once.catalog.find(sku))
      for (const order of ['o-1', 'o-2', 'o-3'])
        expect(await twice.catalog.findReservation(order)).toEqual(await once.catalog.findReservation(order))
      expect(twice.catalog.messages()).toHaveLength(once.catalog.messages().length)
    }),
  )
})

test('refuses a reservation whose release came first', () => {
  expect(decide(undefined, { type: 'release' })).toEqual({ kind: 'give-back', lines: [] })
  const tombstone: Reservation = { orderId: 'o', status: 'released', lines: [], shortages: [], updatedAt: at }
  expect(decide(tombstone, { type: 'reserve', lines: [{ sku: 'A', quantity: 1 }] })).toEqual({
    kind: 'conflict',
    conflict: 'RELEASED',
  })
})
