import type { Json, JsonObject } from '../../src/codec/json.ts'

export const statusWords = { A: 'active', S: 'suspended', C: 'closed' } as const

export type StatusCode = keyof typeof statusWords

/** `active` → `A`; undefined for any other word. */
export function codeOfStatus(word: Json | undefined): StatusCode | undefined {
  return (Object.keys(statusWords) as StatusCode[]).find(code => statusWords[code] === word)
}

/** A Customer of the WSDL as the resource, keys in the order of its contract. */
export function resourceOfCustomer(customer: JsonObject): JsonObject {
  return {
    id: customer.custNo!,
    name: customer.name!,
    email: customer.email ?? null,
    phone: customer.phone ?? null,
    creditLimit: customer.creditLimit!,
    status: statusWords[customer.statusCode as StatusCode],
    vip: customer.vip!,
    openedAt: customer.openedAt!,
    reviewedOn: customer.reviewedOn ?? null,
    updatedAt: customer.changedAt!,
  }
}

/** The resource as a Customer of the WSDL: email nil when null, phone and reviewedOn absent. */
export function customerOfResource(resource: JsonObject): JsonObject {
  return {
    custNo: resource.id!,
    name: resource.name!,
    email: resource.email!,
    ...(resource.phone === null ? {} : { phone: resource.phone! }),
    creditLimit: resource.creditLimit!,
    statusCode: codeOfStatus(resource.status) ?? '',
    vip: resource.vip!,
    openedAt: resource.openedAt!,
    ...(resource.reviewedOn === null ? {} : { reviewedOn: resource.reviewedOn! }),
    changedAt: resource.updatedAt!,
  }
}

export function resourceOfNote(note: JsonObject): JsonObject {
  return { id: note.noteNo!, customerId: note.custNo!, text: note.text!, writtenAt: note.writtenAt! }
}

export function noteOfResource(resource: JsonObject): JsonObject {
  return {
    noteNo: resource.id!,
    custNo: resource.customerId!,
    text: resource.text!,
    writtenAt: resource.writtenAt!,
  }
}
