import { type Action, changesBetween } from '@strangler/chassis/audit/audit-entry.ts'
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
  by: Origin,
): Promise<Customer> {
  const customer = await writer.insert(openCustomer(opening, by.at))
  await writer.audit(actionOf('open', undefined, customer, by))
  return customer
}

/** When, by whom and in which trace something is done. */
export type Origin = { at: string; actor: string; traceparent: string }

/** What the audit trail calls a customer. */
export function auditSubject(customerId: number): string {
  return `customer-${customerId}`
}

function actionOf(action: string, before: Customer | undefined, after: Customer, by: Origin): Action {
  return { subject: auditSubject(after.id), action, changes: changesBetween(before, after), ...by }
}

/** @throws ToolkitError CUSTOMER_NOT_FOUND */
export async function changeCustomer(
  writer: CustomersWriter,
  id: number,
  command: CustomerCommand,
  by: Origin,
): Promise<Customer> {
  const customer = await writer.lock(id)
  if (customer === undefined) throw customerNotFound(id)
  const changed = decide(customer, command, by.at)
  await writer.update(changed)
  await writer.audit(actionOf(command.type, customer, changed, by))
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
