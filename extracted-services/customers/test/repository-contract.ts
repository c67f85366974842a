import { expect, test } from '@jest/globals'
import { answerOnce } from '@strangler/chassis/idempotency/answer-once.ts'
import type { CustomersRepository } from '../src/application/customers-repository.ts'
import { type Customer, type NewCustomer, openCustomer } from '../src/domain/customer.ts'

const at = '2024-02-29T12:34:56Z'
const kept = { rehearsal: false }

export function newCustomer(name: string, changes: Partial<NewCustomer> = {}): NewCustomer {
  return { ...openCustomer({ name, creditLimit: '1234.50' }, at), ...changes }
}

/** What every repository of customers does. `make` answers an empty one. */
export function testCustomersRepository(make: () => Promise<CustomersRepository>): void {
  async function filled(
    ...customers: NewCustomer[]
  ): Promise<{ repository: CustomersRepository; all: Customer[] }> {
    const repository = await make()
    const all: Customer[] = []
    for (const customer of customers)
      all.push(await repository.write(writer => writer.insert(customer), kept))
    return { repository, all }
  }
  const namesOf = (customers: readonly Customer[]) => customers.map(customer => customer.name)

  test('finds a customer with every value as it was written', async () => {
    const customer = newCustomer('  Zoë 🦊 O’Neill ', {
      email: 'zoë@example.org',
      phone: '',
      creditLimit: '9999999999.99',
      status: 'suspended',
      vip: true,
      openedAt: '1999-12-31T23:59:59Z',
      reviewedOn: '2024-02-29',
      updatedAt: '2037-01-01T00:00:00Z',
    })
    const { repository, all } = await filled(customer)
    expect(await repository.find(all[0]!.id)).toEqual({ id: all[0]!.id, ...customer })
  })

  test('keeps what is not known as null', async () => {
    const { repository, all } = await filled(newCustomer('Ann'))
    expect(await repository.find(all[0]!.id)).toMatchObject({ email: null, phone: null, reviewedOn: null })
  })

  test.each(['0.00', '0.01', '0.10', '0.29', '1.10', '4503599627.37', '9007199254.73'])(
    'keeps the amount %s to the cent',
    async creditLimit => {
      const { repository, all } = await filled(newCustomer('Ann', { creditLimit }))
      expect((await repository.find(all[0]!.id))?.creditLimit).toBe(creditLimit)
    },
  )

  test('answers undefined for a customer that does not exist', async () => {
    const { repository } = await filled()
    expect(await repository.find(4711)).toBeUndefined()
    expect(await repository.listNotes(4711)).toBeUndefined()
  })

  test('lists in the order of ids, from after an id, up to a limit', async () => {
    const { repository, all } = await filled(...['c', 'a', 'd', 'b'].map(name => newCustomer(name)))
    expect(namesOf(await repository.list({ limit: 500 }))).toEqual(['c', 'a', 'd', 'b'])
    expect(namesOf(await repository.list({ afterId: all[0]!.id, limit: 2 }))).toEqual(['a', 'd'])
  })

  test('finds by prefix byte for byte: case, accents and trailing spaces count', async () => {
    const { repository } = await filled(
      ...['Ann', 'ann', 'Änn', 'Anna', 'An n', 'Ann '].map(name => newCustomer(name)),
    )
    expect(namesOf(await repository.list({ namePrefix: 'Ann', limit: 50 }))).toEqual(['Ann', 'Anna', 'Ann '])
    expect(namesOf(await repository.list({ namePrefix: 'Ann ', limit: 50 }))).toEqual(['Ann '])
    expect(namesOf(await repository.list({ namePrefix: 'Ä', limit: 50 }))).toEqual(['Änn'])
  })

  test.each(['%', '_', '\\', '|', "'", '|%', '\\_'])('takes %s in a prefix as itself', async text => {
    const { repository } = await filled(
      newCustomer('plain'),
      newCustomer(`${text}x`),
      newCustomer(`x${text}`),
    )
    expect(namesOf(await repository.list({ namePrefix: text, limit: 50 }))).toEqual([`${text}x`])
  })

  test('filters by status and prefix together', async () => {
    const { repository } = await filled(
      newCustomer('Ann'),
      newCustomer('Ann', { status: 'closed' }),
      newCustomer('Bob', { status: 'closed' }),
    )
    const found = await repository.list({ namePrefix: 'A', status: 'closed', limit: 50 })
    expect(found.map(({ name, status }) => [name, status])).toEqual([['Ann', 'closed']])
  })

  test('updates every column of one customer and no other', async () => {
    const { repository, all } = await filled(newCustomer('Ann'), newCustomer('Bob'))
    const changed: Customer = {
      id: all[0]!.id,
      name: 'Anne',
      email: 'a@b',
      phone: '1',
      creditLimit: '0.01',
      status: 'closed',
      vip: true,
      openedAt: '2020-01-01T00:00:00Z',
      reviewedOn: '2020-02-02',
      updatedAt: '2020-03-03T00:00:00Z',
    }
    await repository.write(async writer => {
      expect(await writer.lock(changed.id)).toEqual(all[0])
      await writer.update(changed)
    }, kept)
    expect(await repository.list({ limit: 50 })).toEqual([changed, all[1]])
  })

  test('keeps the notes of a customer in the order of their ids', async () => {
    const { repository, all } = await filled(newCustomer('Ann'), newCustomer('Bob'))
    const note = (customerId: number, text: string) =>
      repository.write(writer => writer.addNote({ customerId, text, writtenAt: at }), kept)
    const first = await note(all[0]!.id, 'first\nline 🦊')
    await note(all[1]!.id, 'of Bob')
    const second = await note(all[0]!.id, 'second')
    expect(await repository.listNotes(all[0]!.id)).toEqual([first, second])
    expect(first).toMatchObject({ customerId: all[0]!.id, text: 'first\nline 🦊', writtenAt: at })
  })

  test('adds no note to a customer that does not exist', async () => {
    const { repository } = await filled()
    const note = { customerId: 4711, text: 'x', writtenAt: at }
    expect(await repository.write(writer => writer.addNote(note), kept)).toBeUndefined()
  })

  test('keeps nothing of a write that throws', async () => {
    const { repository, all } = await filled(newCustomer('Ann'))
    const failing = repository.write(async writer => {
      await writer.insert(newCustomer('Bob'))
      await writer.update({ ...all[0]!, name: 'Anne' })
      await writer.addNote({ customerId: all[0]!.id, text: 'x', writtenAt: at })
      throw new Error('changed my mind')
    }, kept)
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await repository.list({ limit: 50 })).toEqual(all)
    expect(await repository.listNotes(all[0]!.id)).toEqual([])
  })

  test('keeps nothing of a rehearsal but its answer', async () => {
    const { repository, all } = await filled(newCustomer('Ann'))
    const inserted = await repository.write(
      async writer => {
        await writer.update({ ...all[0]!, name: 'Anne' })
        await answerOnce(writer.idempotency, 'k', 'h', async () => ({ status: 201, headers: {}, body: 1 }))
        return writer.insert(newCustomer('Bob'))
      },
      { rehearsal: true },
    )
    expect(inserted.name).toBe('Bob')
    expect(await repository.list({ limit: 50 })).toEqual(all)
    const claim = await repository.write(writer => writer.idempotency.claim('k', 'h'), kept)
    expect(claim).toEqual({ claimed: true })
  })

  test('answers a key once, also when many ask at the same time', async () => {
    const { repository } = await filled()
    const ask = (key: string) =>
      repository.write(
        writer =>
          answerOnce(writer.idempotency, key, 'hash', async () => {
            const customer = await writer.insert(newCustomer(key))
            return { status: 201, headers: { location: `/customers/${customer.id}` }, body: customer }
          }),
        kept,
      )
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('same')))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    await ask('SAME')
    expect(namesOf(await repository.list({ limit: 50 }))).toEqual(['same', 'SAME'])
  })

  test('forgets the key of a write that failed', async () => {
    const { repository } = await filled()
    const ask = (fail: boolean) =>
      repository.write(
        writer =>
          answerOnce(writer.idempotency, 'key', 'hash', async () => {
            await writer.insert(newCustomer('Ann'))
            if (fail) throw new Error('no')
            return { status: 201, headers: {}, body: null }
          }),
        kept,
      )
    await expect(ask(true)).rejects.toThrow('no')
    expect((await ask(false)).status).toBe(201)
    expect(await repository.list({ limit: 50 })).toHaveLength(1)
  })

  test('refuses a key that came with another request', async () => {
    const { repository } = await filled()
    const ask = (hash: string) =>
      repository.write(
        writer =>
          answerOnce(writer.idempotency, 'key', hash, async () => ({ status: 200, headers: {}, body: 1 })),
        kept,
      )
    await ask('one')
    await expect(ask('two')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  })
}
