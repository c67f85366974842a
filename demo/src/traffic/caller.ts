import type { Exchange, Protocol } from './exchange.ts'
import type { Field, Ledger } from './ledger.ts'
import { pickWeighted } from './pick-weighted.ts'
import { elementText, soapRequest } from './soap-message.ts'
import type { TrafficStats } from './traffic-stats.ts'

const namespace = 'urn:shop:2009:customers'

export type CallerParts = {
  id: string
  exchange: Exchange
  ledger: Ledger
  stats: TrafficStats
  random: () => number
  /** Customers that this caller alone writes, so that their order of writes is known. */
  customers: number[]
  /** Customers 1 to this number are there to be read. */
  seeded: number
}

/** What this caller was last told about a customer of its own; undefined after a write that got no answer. */
type Told = Map<string, string | undefined>

type Act = (parts: CallerParts, told: Told, serial: string) => Promise<void>

/**
 * A client that does one thing at a time over one protocol: mostly reads, a third of it writes.
 * @returns a function that does the next thing
 */
export function createCaller(parts: CallerParts, protocol: Protocol): () => Promise<void> {
  const told: Told = new Map()
  const acts = protocol === 'rest' ? restActs : soapActs
  let serial = 0
  return () => pickWeighted(acts, parts.random())(parts, told, `${parts.id}-${++serial}`)
}

const restActs: { weight: number; value: Act }[] = [
  { weight: 40, value: readByRest },
  {
    weight: 8,
    value: parts =>
      read(parts, parts.exchange.rest('GET', `/customers?after=${anyone(parts)}&limit=5`, parts.id)),
  },
  {
    weight: 14,
    value: parts => read(parts, parts.exchange.rest('GET', `/customers/${own(parts)}/notes`, parts.id)),
  },
  { weight: 8, value: createByRest },
  { weight: 9, value: (parts, told, serial) => setByRest(parts, told, 'name', `Núñez & Töchter ${serial}`) },
  {
    weight: 5,
    value: (parts, told, serial) => setByRest(parts, told, 'phone', `+49 ${serial}`.slice(0, 30)),
  },
  {
    weight: 7,
    value: (parts, told) =>
      setByRest(
        parts,
        told,
        'creditLimit',
        `${5_000 + Math.floor(parts.random() * 9_000)}.${twoDigits(parts)}`,
      ),
  },
  { weight: 9, value: noteByRest },
]

const soapActs: { weight: number; value: Act }[] = [
  { weight: 40, value: readBySoap },
  {
    weight: 8,
    value: parts => read(parts, soap(parts, 'FindCustomers', { afterNo: anyone(parts), maxRows: 5 })),
  },
  { weight: 14, value: parts => read(parts, soap(parts, 'ListCustomerNotes', { custNo: own(parts) })) },
  { weight: 8, value: createBySoap },
  { weight: 9, value: (parts, told, serial) => setBySoap(parts, told, 'name', `김민준 <${serial}> 🚚`) },
  {
    weight: 5,
    value: (parts, told, serial) => setBySoap(parts, told, 'phone', `0044 ${serial}`.slice(0, 30)),
  },
  {
    weight: 7,
    value: (parts, told) =>
      setBySoap(
        parts,
        told,
        'creditLimit',
        `${5_000 + Math.floor(parts.random() * 9_000)}.${twoDigits(parts)}`,
      ),
  },
  { weight: 9, value: noteBySoap },
]

function own({ customers, random }: CallerParts): number {
  return customers[Math.floor(random() * customers.length)]!
}

function anyone({ random, seeded }: CallerParts): number {
  return Math.floor(random() * seeded)
}

function twoDigits({ random }: CallerParts): string {
  return String(Math.floor(random() * 100)).padStart(2, '0')
}

function soap(parts: CallerParts, operation: string, fields: Record<string, string | number | undefined>) {
  return parts.exchange.soap(operation, soapRequest(operation, namespace, fields), parts.id)
}

async function read({ stats }: CallerParts, answer: ReturnType<Exchange['rest']>): Promise<void> {
  stats.record(await answer, 'read')
}

/** Half of the reads are of any customer, half of an own one, which must show what this caller was last told. */
async function readByRest(parts: CallerParts, told: Told): Promise<void> {
  const customer = parts.random() < 0.5 ? own(parts) : anyone(parts) + 1
  const answer = await parts.exchange.rest('GET', `/customers/${customer}`, parts.id)
  parts.stats.record(answer, 'read')
  if (answer.outcome !== 'ok') return
  const seen = JSON.parse(answer.text) as Record<Field, string | null>
  compareWithTold(parts, told, customer, answer.side, field => seen[field] ?? '')
}

async function readBySoap(parts: CallerParts, told: Told): Promise<void> {
  const customer = parts.random() < 0.5 ? own(parts) : anyone(parts) + 1
  const answer = await soap(parts, 'GetCustomer', { custNo: customer })
  parts.stats.record(answer, 'read')
  if (answer.outcome !== 'ok') return
  compareWithTold(parts, told, customer, answer.side, field => elementText(answer.text, field) ?? '')
}

function compareWithTold(
  parts: CallerParts,
  told: Told,
  customer: number,
  side: string | undefined,
  seen: (field: Field) => string,
): void {
  for (const field of ['name', 'phone', 'creditLimit'] as const) {
    const expected = told.get(`${customer}.${field}`)
    if (expected !== undefined && seen(field) !== expected)
      parts.stats.stale(
        `customer ${customer} ${field} was answered “${expected}”, then read as “${seen(field)}” from ${side}`,
      )
  }
}

async function setByRest(parts: CallerParts, told: Told, field: Field, value: string): Promise<void> {
  const customer = own(parts)
  const send = parts.exchange.rest
  const answer =
    field === 'creditLimit'
      ? await send('PUT', `/customers/${customer}/credit-limit`, parts.id, { creditLimit: value })
      : await send('PATCH', `/customers/${customer}`, parts.id, { [field]: value })
  settle(parts, told, customer, field, value, answer.outcome)
  parts.stats.record(answer, 'write')
}

async function setBySoap(parts: CallerParts, told: Told, field: Field, value: string): Promise<void> {
  const customer = own(parts)
  const operation = field === 'creditLimit' ? 'ChangeCreditLimit' : 'UpdateCustomer'
  const answer = await soap(parts, operation, { custNo: customer, [field]: value })
  settle(parts, told, customer, field, value, answer.outcome)
  parts.stats.record(answer, 'write')
}

function settle(
  parts: CallerParts,
  told: Told,
  customer: number,
  field: Field,
  value: string,
  outcome: string,
): void {
  if (outcome === 'failed') return
  told.set(`${customer}.${field}`, outcome === 'ok' ? value : undefined)
  parts.ledger.record({ kind: 'set', customer, field, value }, outcome === 'ok' ? 'acknowledged' : 'unknown')
}

async function createByRest(parts: CallerParts, _told: Told, serial: string): Promise<void> {
  const token = `${serial}@ledger.example`
  const body = { name: `Größe ${serial}`, email: token, creditLimit: '6000.10', vip: parts.random() < 0.1 }
  const answer = await parts.exchange.rest('POST', '/customers', parts.id, body, serial)
  settleToken(parts, { kind: 'created', token }, answer.outcome)
  parts.stats.record(answer, 'write')
  if (answer.outcome === 'ok') parts.customers.push((JSON.parse(answer.text) as { id: number }).id)
}

async function createBySoap(parts: CallerParts, _told: Told, serial: string): Promise<void> {
  const token = `${serial}@ledger.example`
  const answer = await soap(parts, 'CreateCustomer', {
    name: `Œuvre ${serial}`,
    email: token,
    creditLimit: '6000.10',
  })
  settleToken(parts, { kind: 'created', token }, answer.outcome)
  parts.stats.record(answer, 'write')
  const customer = elementText(answer.text, 'custNo')
  if (answer.outcome === 'ok' && customer !== undefined) parts.customers.push(Number(customer))
}

async function noteByRest(parts: CallerParts, _told: Told, serial: string): Promise<void> {
  const token = `ledger ${serial}`
  const answer = await parts.exchange.rest(
    'POST',
    `/customers/${own(parts)}/notes`,
    parts.id,
    { text: token },
    serial,
  )
  settleToken(parts, { kind: 'noted', token }, answer.outcome)
  parts.stats.record(answer, 'write')
}

async function noteBySoap(parts: CallerParts, _told: Told, serial: string): Promise<void> {
  const token = `ledger ${serial}`
  const answer = await soap(parts, 'AddCustomerNote', { custNo: own(parts), text: token })
  settleToken(parts, { kind: 'noted', token }, answer.outcome)
  parts.stats.record(answer, 'write')
}

function settleToken(
  parts: CallerParts,
  effect: { kind: 'created' | 'noted'; token: string },
  outcome: string,
): void {
  if (outcome !== 'failed') parts.ledger.record(effect, outcome === 'ok' ? 'acknowledged' : 'unknown')
}
