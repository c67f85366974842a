export const customerStatuses = ['active', 'suspended', 'closed'] as const

/** What all amounts are of. */
export const currency = 'EUR'

export type CustomerStatus = (typeof customerStatuses)[number]

/** Instants are ISO 8601 in UTC with whole seconds, days `YYYY-MM-DD`, amounts decimal text with two fraction digits. */
export type Customer = {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly phone: string | null
  readonly creditLimit: string
  readonly status: CustomerStatus
  readonly vip: boolean
  readonly openedAt: string
  readonly reviewedOn: string | null
  readonly updatedAt: string
}

export type NewCustomer = Omit<Customer, 'id'>

export type Note = {
  readonly id: number
  readonly customerId: number
  readonly text: string
  readonly writtenAt: string
}

/** What a customer is opened with; checked at the door, see customer-rules.ts. */
export type Opening = {
  name: string
  email?: string | null | undefined
  phone?: string | null | undefined
  creditLimit: string
  vip?: boolean | undefined
}

/** What is absent stays as it is, null clears. */
export type Revision = {
  name?: string | undefined
  email?: string | null | undefined
  phone?: string | null | undefined
  vip?: boolean | undefined
}

/** What can be changed about a customer. */
export type CustomerCommand =
  | ({ type: 'revise' } & Revision)
  | { type: 'change-credit-limit'; creditLimit: string }
  | { type: 'set-status'; status: CustomerStatus }

/** A customer as it begins: active, never reviewed. */
export function openCustomer(opening: Opening, at: string): NewCustomer {
  return {
    name: opening.name,
    email: opening.email ?? null,
    phone: opening.phone ?? null,
    creditLimit: opening.creditLimit,
    status: 'active',
    vip: opening.vip ?? false,
    openedAt: at,
    reviewedOn: null,
    updatedAt: at,
  }
}

/** The customer after a command. Any status may follow any other. */
export function decide(customer: Customer, command: CustomerCommand, at: string): Customer {
  switch (command.type) {
    case 'revise': {
      const {
        name = customer.name,
        email = customer.email,
        phone = customer.phone,
        vip = customer.vip,
      } = command
      return { ...customer, name, email, phone, vip, updatedAt: at }
    }
    case 'change-credit-limit':
      return { ...customer, creditLimit: command.creditLimit, updatedAt: at }
    case 'set-status':
      return { ...customer, status: command.status, updatedAt: at }
    default: {
      const never: never = command
      return never
    }
  }
}

/** Milliseconds since the epoch as the instant that is stored: whole seconds, UTC. */
export function instantOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
