import type { CustomersRepository } from '../src/application/customers-repository.ts'
import type { CreditRepository } from '../src/application/reserve-credit.ts'
import type { CreditReservation } from '../src/domain/credit-reservation.ts'

/** Credit in memory, for calls that come one after the other. */
export function createInMemoryCreditRepository(customers: CustomersRepository): CreditRepository {
  const reservations = new Map<string, CreditReservation>()
  return {
    find: async orderId => reservations.get(orderId),
    write: work =>
      work({
        lockReservation: async orderId => reservations.get(orderId),
        lockCredit: async customerId => {
          const held = [...reservations.values()].filter(
            ({ customerId: id, status }) => id === customerId && status === 'reserved',
          )
          const cents = held.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0)
          return { customer: await customers.find(customerId), reserved: (cents / 100).toFixed(2) }
        },
        save: async reservation => {
          reservations.set(reservation.orderId, reservation)
        },
        publish: async () => {},
      }),
  }
}
