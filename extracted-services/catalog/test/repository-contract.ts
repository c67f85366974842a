import { expect, test } from '@jest/globals'
import { answerOnce } from '@strangler/chassis/idempotency/answer-once.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import type { CatalogRepository, CatalogWriter } from '../src/application/catalog-repository.ts'
import { commit, release, reserve } from '../src/application/change-reservations.ts'
import type { Product } from '../src/domain/product.ts'
import type { Reservation } from '../src/domain/reservation.ts'

export const at = '2024-02-29T12:34:56Z'
const later = '2024-03-01T00:00:00Z'
export const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const kept = { rehearsal: false, traceparent }

/** A repository, and everything that was published through it. */
export type MadeCatalog = { catalog: CatalogRepository; messages(): Promise<readonly Message[]> }

export function newProduct(sku: string, changes: Partial<Product> = {}): Product {
  return { sku, name: `Article ${sku}`, price: '7.50', stock: 10, active: true, updatedAt: at, ...changes }
}

/** What every repository of the catalog does. `make` answers an empty one. */
export function testCatalogRepository(make: () => Promise<MadeCatalog>): void {
  async function filled(...products: Product[]) {
    const { catalog, messages } = await make()
    for (const product of products) await catalog.write(writer => writer.insert(product), kept)
    const write = <T>(work: (writer: CatalogWriter) => Promise<T>) => catalog.write(work, kept)
    const stockOf = async (sku: string) => (await catalog.find(sku))?.stock
    return { catalog, messages, write, stockOf }
  }
  const skusOf = (products: readonly Product[]) => products.map(product => product.sku)
  const lines = [
    { sku: 'A', quantity: 2 },
    { sku: 'B', quantity: 3 },
  ]

  test('finds a product with every value as it was written', async () => {
    const product = newProduct('A-1', {
      name: '  Zoë 🦊 <O’Neill> & "Söhne" ',
      price: '999999.99',
      stock: 2_147_483_647,
      active: false,
      updatedAt: '1999-12-31T23:59:59Z',
    })
    const { catalog } = await filled(product)
    expect(await catalog.find('A-1')).toEqual(product)
    expect(await catalog.find('A-2')).toBeUndefined()
  })

  test.each(['0.00', '0.01', '0.10', '0.29', '1.10', '4503.27'])(
    'keeps the price %s to the cent',
    async price => {
      const { catalog } = await filled(newProduct('A', { price }))
      expect((await catalog.find('A'))?.price).toBe(price)
    },
  )

  test('says that a SKU is taken, and keeps the product that has it', async () => {
    const { catalog, write } = await filled(newProduct('A'))
    expect(await write(writer => writer.insert(newProduct('A', { name: 'Other' })))).toBe(false)
    expect(await catalog.find('A')).toEqual(newProduct('A'))
  })

  test('lists in the order of SKUs, from after a text, up to a limit, all or those for sale', async () => {
    const { catalog } = await filled(
      newProduct('B'),
      newProduct('A-1', { active: false }),
      newProduct('A'),
      newProduct('10'),
      newProduct('9'),
      newProduct('A1'),
    )
    const list = async (query: object) =>
      skusOf(await catalog.list({ activeOnly: false, limit: 500, ...query }))
    expect(await list({})).toEqual(['10', '9', 'A', 'A-1', 'A1', 'B'])
    expect(await list({ afterSku: 'A', limit: 2 })).toEqual(['A-1', 'A1'])
    expect(await list({ afterSku: 'a' })).toEqual([])
    expect(await list({ afterSku: "A'🦊" })).toEqual(['A-1', 'A1', 'B'])
    expect(await list({ activeOnly: true })).toEqual(['10', '9', 'A', 'A1', 'B'])
  })

  test('changes the price of one product and nothing else of it', async () => {
    const { catalog, write } = await filled(newProduct('A'), newProduct('B'))
    expect(await write(writer => writer.setPrice('A', '0.01', later))).toBe(true)
    expect(await write(writer => writer.setPrice('A', '0.01', later))).toBe(true)
    expect(await write(writer => writer.setPrice('C', '0.01', later))).toBe(false)
    expect(await catalog.list({ activeOnly: false, limit: 50 })).toEqual([
      newProduct('A', { price: '0.01', updatedAt: later }),
      newProduct('B'),
    ])
  })

  test('takes what is there, to the last piece, and not one more', async () => {
    const { catalog, write, stockOf } = await filled(newProduct('A', { stock: 3 }))
    const take = (quantity: number) => write(writer => writer.takeStock('A', quantity, later))
    expect([await take(2), await take(2), await take(1), await take(1)]).toEqual([true, false, true, false])
    expect(await stockOf('A')).toBe(0)
    expect(await write(writer => writer.takeStock('B', 1, later))).toBe(false)
    await write(writer => writer.addStock('A', 5, later))
    await write(writer => writer.addStock('A', -1, later))
    expect(await write(writer => writer.lockStock('A'))).toBe(4)
    expect(await write(writer => writer.lockStock('B'))).toBeUndefined()
    expect(await catalog.find('A')).toEqual(newProduct('A', { stock: 4, updatedAt: later }))
  })

  test('shows the later of the two times at which a product and its stock changed', async () => {
    const { catalog, write } = await filled(newProduct('A', { updatedAt: later }))
    await write(writer => writer.addStock('A', 1, at))
    expect((await catalog.find('A'))?.updatedAt).toBe(later)
  })

  test('knows which products are for sale', async () => {
    const { write } = await filled(newProduct('A'), newProduct('B', { active: false }), newProduct('C'))
    expect(await write(writer => writer.forSale(['A', 'B', 'X']))).toEqual(new Set(['A']))
  })

  test('keeps a reservation as it was made, through each of its changes', async () => {
    const { catalog, write } = await filled(newProduct('A'), newProduct('B'))
    const made = await write(writer => reserve(writer, 'o-1', lines, at))
    const reserved: Reservation = { orderId: 'o-1', status: 'reserved', lines, shortages: [], updatedAt: at }
    expect(made).toEqual({ reservation: reserved, made: true })
    expect(await catalog.findReservation('o-1')).toEqual(reserved)
    expect(await catalog.findReservation('O-1')).toBeUndefined()
    expect(await write(writer => commit(writer, 'o-1', later))).toEqual({
      ...reserved,
      status: 'committed',
      updatedAt: later,
    })
    expect(await catalog.findReservation('o-1')).toMatchObject({ status: 'committed', lines })
  })

  test('remembers why a reservation was refused, and takes nothing for it', async () => {
    const { catalog, write, stockOf } = await filled(
      newProduct('A'),
      newProduct('B', { stock: 2 }),
      newProduct('C', { active: false }),
    )
    const wanted = [...lines, { sku: 'C', quantity: 1 }, { sku: 'X', quantity: 9 }]
    const { reservation } = await write(writer => reserve(writer, 'o', wanted, at))
    expect(reservation).toMatchObject({
      status: 'refused',
      shortages: [
        { sku: 'B', requested: 3, available: 2, reason: 'OUT_OF_STOCK' },
        { sku: 'C', requested: 1, available: 0, reason: 'NOT_FOR_SALE' },
        { sku: 'X', requested: 9, available: 0, reason: 'NOT_FOR_SALE' },
      ],
    })
    expect(await catalog.findReservation('o')).toEqual(reservation)
    expect([await stockOf('A'), await stockOf('B'), await stockOf('C')]).toEqual([10, 2, 10])
    await write(writer => writer.addStock('B', 10, later))
    await write(writer => writer.insert(newProduct('X')))
    expect(await write(writer => reserve(writer, 'o', wanted, later))).toEqual({ reservation, made: false })
  })

  test('makes one reservation for an order that asks many times at once', async () => {
    const { write, stockOf, messages } = await filled(newProduct('A'), newProduct('B'))
    const all = await Promise.all(
      Array.from({ length: 20 }, () => write(writer => reserve(writer, 'o', lines, at))),
    )
    expect(all.filter(one => one.made)).toHaveLength(1)
    expect(new Set(all.map(one => JSON.stringify(one.reservation))).size).toBe(1)
    expect([await stockOf('A'), await stockOf('B')]).toEqual([8, 7])
    expect(await messages()).toHaveLength(1)
  })

  test('gives the stock back once, however often it is released', async () => {
    const { write, stockOf } = await filled(newProduct('A'), newProduct('B'))
    await write(writer => reserve(writer, 'o', lines, at))
    const all = await Promise.all(
      Array.from({ length: 10 }, () => write(writer => release(writer, 'o', later))),
    )
    expect(new Set(all.map(one => one.status))).toEqual(new Set(['released']))
    expect([await stockOf('A'), await stockOf('B')]).toEqual([10, 10])
  })

  test('keeps the tombstone of a release that came first', async () => {
    const { catalog, write, stockOf } = await filled(newProduct('A'), newProduct('B'))
    await write(writer => release(writer, 'o', at))
    expect(await catalog.findReservation('o')).toEqual({
      orderId: 'o',
      status: 'released',
      lines: [],
      shortages: [],
      updatedAt: at,
    })
    await expect(write(writer => reserve(writer, 'o', lines, later))).rejects.toMatchObject({
      code: 'RESERVATION_RELEASED',
    })
    expect(await stockOf('A')).toBe(10)
  })

  test('ends as either won when a reservation and its release meet', async () => {
    const { catalog, write, stockOf } = await filled(
      newProduct('A', { stock: 100 }),
      newProduct('B', { stock: 100 }),
    )
    const orders = Array.from({ length: 20 }, (_, index) => `o-${index}`)
    await Promise.all(
      orders.flatMap(order => [
        write(writer => reserve(writer, order, lines, at)).catch(error => error),
        write(writer => release(writer, order, at)),
      ]),
    )
    for (const order of orders) expect((await catalog.findReservation(order))?.status).toBe('released')
    expect([await stockOf('A'), await stockOf('B')]).toEqual([100, 100])
  })

  test('knows nothing of an order whose commit was refused', async () => {
    const { catalog, write } = await filled()
    await expect(write(writer => commit(writer, 'o', at))).rejects.toMatchObject({
      code: 'RESERVATION_NOT_FOUND',
    })
    expect(await catalog.findReservation('o')).toBeUndefined()
  })

  test('publishes what a write that stays has said, in its order, with its trace', async () => {
    const { write, messages } = await filled()
    const event = (orderId: string) => ({ type: 'StockReleased', data: { orderId, lines: [], at } }) as const
    await write(async writer => {
      await writer.publish(event('o-1'))
      await writer.publish(event('o-2'))
    })
    await write(async writer => {
      await writer.publish(event('o-3'))
      throw new Error('changed my mind')
    }).catch(() => {})
    const published = await messages()
    expect(published.map(({ topic, key, type }) => [topic, key, type])).toEqual([
      ['catalog-stock', 'o-1', 'StockReleased'],
      ['catalog-stock', 'o-2', 'StockReleased'],
    ])
    expect(published[0]).toMatchObject({
      headers: { traceparent },
      payload: { orderId: 'o-1', lines: [], at },
    })
    expect(published[0]?.id).not.toBe(published[1]?.id)
  })

  test('keeps nothing of a write that throws', async () => {
    const { catalog, write, messages } = await filled(newProduct('A'), newProduct('B'))
    const failing = write(async writer => {
      await writer.insert(newProduct('C'))
      await writer.setPrice('A', '1.00', later)
      await reserve(writer, 'o', lines, later)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await catalog.list({ activeOnly: false, limit: 50 })).toEqual([newProduct('A'), newProduct('B')])
    expect(await catalog.findReservation('o')).toBeUndefined()
    expect(await messages()).toEqual([])
  })

  test('keeps nothing of a rehearsal but its answer', async () => {
    const { catalog, write, messages } = await filled(newProduct('A'), newProduct('B'))
    const answer = await catalog.write(
      async writer => {
        await answerOnce(writer.idempotency, 'k', 'h', async () => ({ status: 201, headers: {}, body: 1 }))
        return reserve(writer, 'o', lines, later)
      },
      { rehearsal: true, traceparent },
    )
    expect(answer.reservation.status).toBe('reserved')
    expect(await catalog.list({ activeOnly: false, limit: 50 })).toEqual([newProduct('A'), newProduct('B')])
    expect(await catalog.findReservation('o')).toBeUndefined()
    expect(await messages()).toEqual([])
    expect(await write(writer => writer.idempotency.claim('k', 'h'))).toEqual({ claimed: true })
  })

  test('answers a key once, also when many ask at the same time', async () => {
    const { write, stockOf } = await filled(newProduct('A'))
    const ask = () =>
      write(writer =>
        answerOnce(writer.idempotency, 'key', 'hash', async () => {
          await writer.addStock('A', 5, later)
          return { status: 200, headers: {}, body: await writer.find('A') }
        }),
      )
    const answers = await Promise.all(Array.from({ length: 20 }, ask))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    expect(await stockOf('A')).toBe(15)
  })
}
