import {
  type Acts,
  amount,
  type CallerParts,
  compareWithMemory,
  type Memory,
  oneOf,
  read,
  settleAdded,
  settleField,
} from './caller.ts'
import type { Answer } from './exchange.ts'
import { elementText, soapRequest } from './soap-message.ts'

const namespace = 'urn:shop:2009:customers'
const fields = ['name', 'phone', 'creditLimit'] as const

type Field = (typeof fields)[number]

export type CustomerParts = CallerParts & {
  /** Customers that this caller alone writes, so that their order of writes is known. */
  customers: number[]
  /** Customers 1 to this number are there to be read. */
  seeded: number
}

/** Clients of customers: mostly reads, a third of it writes. */
export const customerActs: Acts<CustomerParts> = {
  rest: [
    { weight: 40, value: readByRest },
    { weight: 8, value: parts => list(parts, rest(parts, 'GET', `?after=${anyone(parts)}&limit=5`)) },
    { weight: 14, value: parts => list(parts, rest(parts, 'GET', `/${own(parts)}/notes`)) },
    { weight: 8, value: createByRest },
    {
      weight: 9,
      value: (parts, memory, serial) => setByRest(parts, memory, 'name', `Núñez & Töchter ${serial}`),
    },
    {
      weight: 5,
      value: (parts, memory, serial) => setByRest(parts, memory, 'phone', `+49 ${serial}`.slice(0, 30)),
    },
    {
      weight: 7,
      value: (parts, memory) => setByRest(parts, memory, 'creditLimit', amount(parts, 5_000, 9_000)),
    },
    { weight: 9, value: noteByRest },
  ],
  soap: [
    { weight: 40, value: readBySoap },
    {
      weight: 8,
      value: parts => list(parts, soap(parts, 'FindCustomers', { afterNo: anyone(parts), maxRows: 5 })),
    },
    { weight: 14, value: parts => list(parts, soap(parts, 'ListCustomerNotes', { custNo: own(parts) })) },
    { weight: 8, value: createBySoap },
    {
      weight: 9,
      value: (parts, memory, serial) => setBySoap(parts, memory, 'name', `김민준 <${serial}> 🚚`),
    },
    {
      weight: 5,
      value: (parts, memory, serial) => setBySoap(parts, memory, 'phone', `0044 ${serial}`.slice(0, 30)),
    },
    {
      weight: 7,
      value: (parts, memory) => setBySoap(parts, memory, 'creditLimit', amount(parts, 5_000, 9_000)),
    },
    { weight: 9, value: noteBySoap },
  ],
}

function own(parts: CustomerParts): number {
  return oneOf(parts, parts.customers)
}

function anyone({ random, seeded }: CustomerParts): number {
  return Math.floor(random() * seeded)
}

function rest(
  { exchange, id }: CustomerParts,
  method: string,
  path: string,
  body?: unknown,
  idempotencyKey?: string,
): Promise<Answer> {
  return exchange.rest(method, `/customers${path}`, id, body, idempotencyKey)
}

function soap(
  { exchange, id }: CustomerParts,
  operation: string,
  values: Record<string, string | number | undefined>,
): Promise<Answer> {
  return exchange.soap(operation, soapRequest(operation, namespace, values), id)
}

async function list(parts: CustomerParts, answer: Promise<Answer>): Promise<void> {
  await read(parts, answer)
}

/** Half of the reads are of any customer, half of an own one. */
async function readByRest(parts: CustomerParts, memory: Memory): Promise<void> {
  const customer = parts.random() < 0.5 ? own(parts) : anyone(parts) + 1
  const answer = await read(parts, rest(parts, 'GET', `/${customer}`))
  if (answer.outcome !== 'ok') return
  const seen = JSON.parse(answer.text) as Record<Field, string | null>
  compareWithMemory(
    parts,
    memory,
    'customer',
    String(customer),
    answer.side,
    pick(field => seen[field]),
  )
}

async function readBySoap(parts: CustomerParts, memory: Memory): Promise<void> {
  const customer = parts.random() < 0.5 ? own(parts) : anyone(parts) + 1
  const answer = await read(parts, soap(parts, 'GetCustomer', { custNo: customer }))
  if (answer.outcome !== 'ok') return
  const seen = pick(field => elementText(answer.text, field))
  compareWithMemory(parts, memory, 'customer', String(customer), answer.side, seen)
}

function pick(value: (field: Field) => string | null | undefined): Record<string, string> {
  return Object.fromEntries(fields.map(field => [field, value(field) ?? '']))
}

async function setByRest(parts: CustomerParts, memory: Memory, field: Field, value: string): Promise<void> {
  const customer = own(parts)
  const answer =
    field === 'creditLimit'
      ? await rest(parts, 'PUT', `/${customer}/credit-limit`, { creditLimit: value })
      : await rest(parts, 'PATCH', `/${customer}`, { [field]: value })
  settleField(parts, memory, { what: 'customer', id: String(customer), field, value }, answer)
}

async function setBySoap(parts: CustomerParts, memory: Memory, field: Field, value: string): Promise<void> {
  const customer = own(parts)
  const operation = field === 'creditLimit' ? 'ChangeCreditLimit' : 'UpdateCustomer'
  const answer = await soap(parts, operation, { custNo: customer, [field]: value })
  settleField(parts, memory, { what: 'customer', id: String(customer), field, value }, answer)
}

async function createByRest(parts: CustomerParts, _memory: Memory, serial: string): Promise<void> {
  const email = `${serial}@ledger.example`
  const body = { name: `Größe ${serial}`, email, creditLimit: '6000.10', vip: parts.random() < 0.1 }
  const answer = await rest(parts, 'POST', '', body, serial)
  settleAdded(parts, 'customer', email, answer)
  if (answer.outcome === 'ok') parts.customers.push((JSON.parse(answer.text) as { id: number }).id)
}

async function createBySoap(parts: CustomerParts, _memory: Memory, serial: string): Promise<void> {
  const email = `${serial}@ledger.example`
  const answer = await soap(parts, 'CreateCustomer', {
    name: `Œuvre ${serial}`,
    email,
    creditLimit: '6000.10',
  })
  settleAdded(parts, 'customer', email, answer)
  const customer = elementText(answer.text, 'custNo')
  if (answer.outcome === 'ok' && customer !== undefined) parts.customers.push(Number(customer))
}

async function noteByRest(parts: CustomerParts, _memory: Memory, serial: string): Promise<void> {
  const text = `ledger ${serial}`
  settleAdded(parts, 'note', text, await rest(parts, 'POST', `/${own(parts)}/notes`, { text }, serial))
}

async function noteBySoap(parts: CustomerParts, _memory: Memory, serial: string): Promise<void> {
  const text = `ledger ${serial}`
  settleAdded(parts, 'note', text, await soap(parts, 'AddCustomerNote', { custNo: own(parts), text }))
}
