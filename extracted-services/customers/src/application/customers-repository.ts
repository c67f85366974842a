import type { Action, AuditEntry } from '@strangler/chassis/audit/audit-entry.ts'
import type { IdempotencyStore } from '@strangler/chassis/idempotency/answer-once.ts'
import type { Customer, CustomerStatus, NewCustomer, Note } from '../domain/customer.ts'

export type CustomerQuery = {
  /** Names that begin with this, byte for byte: case and accents count. */
  namePrefix?: string
  status?: CustomerStatus
  /** Only ids above this one. */
  afterId?: number
  limit: number
}

/** Where customers are kept. Reads see what has been committed. */
export type CustomersRepository = {
  find(id: number): Promise<Customer | undefined>
  /** In the order of their ids. */
  list(query: CustomerQuery): Promise<Customer[]>
  /** In the order of their ids; undefined when there is no such customer. */
  listNotes(customerId: number): Promise<Note[] | undefined>
  /** Everything that was done to a customer through this service, in its order. */
  auditTrail(customerId: number): Promise<AuditEntry[]>
  /**
   * One transaction: everything that `work` does stays, or nothing. `work` may run again when the transaction lost
   * against another one.
   * @param rehearsal nothing stays in any case
   */
  write<T>(work: (writer: CustomersWriter) => Promise<T>, options: { rehearsal: boolean }): Promise<T>
}

export type CustomersWriter = {
  /** The customer, which nobody else can change until the transaction ends. */
  lock(id: number): Promise<Customer | undefined>
  insert(customer: NewCustomer): Promise<Customer>
  /** Writes every column of a locked customer. */
  update(customer: Customer): Promise<void>
  /** Undefined when there is no such customer. */
  addNote(note: Omit<Note, 'id'>): Promise<Note | undefined>
  /** Notes what was done to a customer that is locked or new, with the change itself. */
  audit(action: Action): Promise<void>
  readonly idempotency: IdempotencyStore
}
