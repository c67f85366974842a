import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import {
  type Customer,
  type CustomerCommand,
  decide,
  type Note,
  type Opening,
  openCustomer,
} from '../domain/customer.ts'
import type { CustomersWriter } from './customers-repository.ts'

export async function createCustomer(
  writer: CustomersWriter,
  opening: Opening,
  at: string,
): Promise<Customer> {
  return writer.insert(openCustomer(opening, at))
}

/** @throws ToolkitError CUSTOMER_NOT_FOUND */
export async function changeCustomer(
  writer: CustomersWriter,
  id: number,
  command: CustomerCommand,
  at: string,
): Promise<Customer> {
  const customer = await writer.lock(id)
  if (customer === undefined) throw customerNotFound(id)
  const changed = decide(customer, command, at)
  await writer.update(changed)
  return changed
}

/** @throws ToolkitError CUSTOMER_NOT_FOUND */
export async function addNote(
  writer: CustomersWriter,
  customerId: number,
  text: string,
  at: string,
): Promise<Note> {
  const note = await writer.addNote({ customerId, text, writtenAt: at })
  if (note === undefined) throw customerNotFound(customerId)
  return note
}

export function customerNotFound(id: number): ToolkitError {
  return new ToolkitError('CUSTOMER_NOT_FOUND', `customer ${id} not found`, { details: { customerId: id } })
}
