import type { CustomersRepository } from '@strangler/customers/application/customers-repository.ts'
import type { Customer } from '@strangler/customers/domain/customer.ts'
import { startCustomers } from '@strangler/customers/start-customers.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { runMain } from '@strangler/kit/run-main.ts'

/** The customers service as a hurried programmer might have built it: amounts pass through a floating-point number. */
await runMain(process, async env => {
  const { url, close } = await startCustomers({
    host: '127.0.0.1',
    port: Number(env.PORT),
    databaseUrl: env.DATABASE_URL!,
    clock: systemClock,
    log: createLog('customers'),
    wrap: truncatingAmounts,
  })
  return { ready: { url }, close }
})

function truncatingAmounts(customers: CustomersRepository): CustomersRepository {
  return {
    ...customers,
    find: async id => {
      const customer = await customers.find(id)
      return customer === undefined ? undefined : truncated(customer)
    },
    list: async query => (await customers.list(query)).map(truncated),
  }
}

/** 19.99 × 100 is 1998.9999999999998 in binary floating point; cutting it off loses the cent. */
function truncated(customer: Customer): Customer {
  const cents = Math.trunc(Number(customer.creditLimit) * 100)
  return { ...customer, creditLimit: (cents / 100).toFixed(2) }
}
