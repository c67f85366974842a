import { fileURLToPath } from 'node:url'
import { addAuditEntry, readAuditTrail } from '@strangler/chassis/audit/audit-trail.ts'
import { isMissingParent } from '@strangler/chassis/database/database-error.ts'
import { type Session, withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { createIdempotencyStore } from '@strangler/chassis/idempotency/idempotency-store.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Pool } from 'mysql2/promise'
import { auditSubject } from '../application/change-customers.ts'
import type {
  CustomerQuery,
  CustomersRepository,
  CustomersWriter,
} from '../application/customers-repository.ts'
import type { Customer, CustomerStatus, Note } from '../domain/customer.ts'

/** DECIMAL, DATETIME and DATE are text on the wire; see createDatabasePool. */
type CustomerRow = {
  id: number
  name: string
  email: string | null
  phone: string | null
  credit_limit: string
  status: CustomerStatus
  vip: number
  opened_at: string
  reviewed_on: string | null
  updated_at: string
}
type NoteRow = { id: number; customer_id: number; text: string; written_at: string }

const columns = 'id, name, email, phone, credit_limit, status, vip, opened_at, reviewed_on, updated_at'

/** Where the tables' migrations are, for `applyMigrations`. */
export const customersMigrations = {
  component: 'customers',
  folder: fileURLToPath(new URL('../../sql', import.meta.url)),
}

/** Customers in MariaDB, in the schema of `pool`. */
export function createCustomersRepository(pool: Pool, clock: Clock): CustomersRepository {
  return {
    find: id => withSession(pool, session => selectCustomer(session, id, '')),
    list: query => withSession(pool, session => selectCustomers(session, query)),
    listNotes: customerId => withSession(pool, session => selectNotes(session, customerId)),
    auditTrail: id => withSession(pool, session => readAuditTrail(session, auditSubject(id))),
    write: (work, options) => withTransaction(pool, session => work(writerOn(session, clock)), options),
  }
}

function writerOn(session: Session, clock: Clock): CustomersWriter {
  return {
    lock: id => selectCustomer(session, id, 'FOR UPDATE'),
    insert: async customer => {
      const { insertId } = await session.run(
        `INSERT INTO customers
           (name, email, phone, credit_limit, status, vip, opened_at, reviewed_on, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        valuesOf(customer),
      )
      return { id: insertId, ...customer }
    },
    update: async customer => {
      await session.run(
        `UPDATE customers SET name = ?, email = ?, phone = ?, credit_limit = ?, status = ?, vip = ?,
           opened_at = ?, reviewed_on = ?, updated_at = ? WHERE id = ?`,
        [...valuesOf(customer), customer.id],
      )
    },
    addNote: note => insertNote(session, note),
    audit: action => addAuditEntry(session, action),
    idempotency: createIdempotencyStore(session, clock.now),
  }
}

export async function selectCustomer(
  session: Session,
  id: number,
  lock: '' | 'FOR UPDATE',
): Promise<Customer | undefined> {
  const [row] = await session.rows<CustomerRow>(`SELECT ${columns} FROM customers WHERE id = ? ${lock}`, [id])
  return row === undefined ? undefined : customerOf(row)
}

async function selectCustomers(session: Session, query: CustomerQuery): Promise<Customer[]> {
  const filters: { sql: string; value: string | number }[] = [{ sql: 'id > ?', value: query.afterId ?? 0 }]
  if (query.namePrefix !== undefined)
    filters.push({ sql: "name LIKE ? ESCAPE '|'", value: `${escapeLike(query.namePrefix)}%` })
  if (query.status !== undefined) filters.push({ sql: 'status = ?', value: query.status })
  const rows = await session.rows<CustomerRow>(
    `SELECT ${columns} FROM customers WHERE ${filters.map(filter => filter.sql).join(' AND ')} ORDER BY id LIMIT ?`,
    [...filters.map(filter => filter.value), query.limit],
  )
  return rows.map(customerOf)
}

async function selectNotes(session: Session, customerId: number): Promise<Note[] | undefined> {
  const rows = await session.rows<NoteRow>(
    'SELECT id, customer_id, text, written_at FROM customer_notes WHERE customer_id = ? ORDER BY id',
    [customerId],
  )
  if (rows.length === 0 && (await selectCustomer(session, customerId, '')) === undefined) return undefined
  return rows.map(row => ({
    id: row.id,
    customerId: row.customer_id,
    text: row.text,
    writtenAt: instantIn(row.written_at),
  }))
}

async function insertNote(session: Session, note: Omit<Note, 'id'>): Promise<Note | undefined> {
  try {
    const { insertId } = await session.run(
      'INSERT INTO customer_notes (customer_id, text, written_at) VALUES (?, ?, ?)',
      [note.customerId, note.text, dateTimeOf(note.writtenAt)],
    )
    return { id: insertId, ...note }
  } catch (error) {
    if (isMissingParent(error)) return undefined
    throw error
  }
}

function valuesOf(customer: Omit<Customer, 'id'>): (string | number | null)[] {
  return [
    customer.name,
    customer.email,
    customer.phone,
    customer.creditLimit,
    customer.status,
    customer.vip ? 1 : 0,
    dateTimeOf(customer.openedAt),
    customer.reviewedOn,
    dateTimeOf(customer.updatedAt),
  ]
}

function customerOf(row: CustomerRow): Customer {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    creditLimit: row.credit_limit,
    status: row.status,
    vip: row.vip !== 0,
    openedAt: instantIn(row.opened_at),
    reviewedOn: row.reviewed_on,
    updatedAt: instantIn(row.updated_at),
  }
}

/** `2024-02-29 12:34:56` → `2024-02-29T12:34:56Z`. */
function instantIn(dateTime: string): string {
  return `${dateTime.replace(' ', 'T')}Z`
}

function dateTimeOf(instant: string): string {
  return instant.replace('T', ' ').replace('Z', '')
}

/** Takes the meaning from LIKE's wildcards; `|` and not a backslash, which sql_mode can make ordinary. */
function escapeLike(text: string): string {
  return text.replace(/[|%_]/g, '|$&')
}
