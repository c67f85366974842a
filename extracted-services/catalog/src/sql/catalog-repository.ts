import { fileURLToPath } from 'node:url'
import { addAuditEntry, readAuditTrail } from '@strangler/chassis/audit/audit-trail.ts'
import { isDuplicateKey } from '@strangler/chassis/database/database-error.ts'
import { type Session, withSession, withTransaction } from '@strangler/chassis/database/with-transaction.ts'
import { createIdempotencyStore } from '@strangler/chassis/idempotency/idempotency-store.ts'
import { writeToOutbox } from '@strangler/chassis/outbox/outbox.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Pool } from 'mysql2/promise'
import { messageOfEvent } from '../application/catalog-messages.ts'
import type { CatalogRepository, CatalogWriter, ProductQuery } from '../application/catalog-repository.ts'
import { auditAction, auditSubject } from '../application/product-audit.ts'
import type { Product } from '../domain/product.ts'
import { dateTimeOfInstant, instantIn } from './instant.ts'
import { lockReservation, saveReservation, selectReservation } from './reservation-rows.ts'

/** DECIMAL and DATETIME are text on the wire; see createDatabasePool. */
type ProductRow = {
  sku: string
  name: string
  price: string
  quantity: number
  active: number
  updated_at: string
}

/** A product is there when both of its rows are; it changed when either did. */
const selectProducts = `SELECT p.sku, p.name, p.price, s.quantity, p.active,
    GREATEST(p.updated_at, s.updated_at) AS updated_at
  FROM products p JOIN stock s ON s.sku = p.sku`

/** Where the tables' migrations are, for `applyMigrations`. */
export const catalogMigrations = {
  component: 'catalog',
  folder: fileURLToPath(new URL('../../sql', import.meta.url)),
}

/** The catalog in MariaDB, in the schema of `pool`. */
export function createCatalogRepository(pool: Pool, clock: Clock): CatalogRepository {
  return {
    find: sku => withSession(pool, session => selectProduct(session, sku)),
    list: query => withSession(pool, session => listProducts(session, query)),
    findReservation: orderId => withSession(pool, session => selectReservation(session, orderId)),
    auditTrail: sku => withSession(pool, session => readAuditTrail(session, auditSubject(sku))),
    write: (work, { rehearsal, traceparent }) =>
      withTransaction(pool, session => work(writerOn(session, clock, traceparent)), { rehearsal }),
  }
}

function writerOn(session: Session, clock: Clock, traceparent: string): CatalogWriter {
  return {
    find: sku => selectProduct(session, sku),
    insert: product => insertProduct(session, product),
    setPrice: async (sku, price, at) => {
      const { affectedRows } = await session.run(
        'UPDATE products SET price = ?, updated_at = ? WHERE sku = ?',
        [price, dateTimeOfInstant(at), sku],
      )
      return affectedRows === 1
    },
    forSale: skus => selectForSale(session, skus),
    lockStock: async sku => {
      const [row] = await session.rows<{ quantity: number }>(
        'SELECT quantity FROM stock WHERE sku = ? FOR UPDATE',
        [sku],
      )
      return row?.quantity
    },
    takeStock: async (sku, quantity, at) => {
      const { affectedRows } = await session.run(
        'UPDATE stock SET quantity = quantity - ?, updated_at = ? WHERE sku = ? AND quantity >= ?',
        [quantity, dateTimeOfInstant(at), sku, quantity],
      )
      return affectedRows === 1
    },
    addStock: async (sku, quantity, at) => {
      await session.run('UPDATE stock SET quantity = quantity + ?, updated_at = ? WHERE sku = ?', [
        quantity,
        dateTimeOfInstant(at),
        sku,
      ])
    },
    lockReservation: orderId => lockReservation(session, orderId, clock.now()),
    saveReservation: reservation => saveReservation(session, reservation),
    audit: action => addAuditEntry(session, auditAction(action, traceparent)),
    publish: event => writeToOutbox(session, [messageOfEvent(event, traceparent)], clock.now()),
    idempotency: createIdempotencyStore(session, clock.now),
  }
}

async function selectProduct(session: Session, sku: string): Promise<Product | undefined> {
  const [row] = await session.rows<ProductRow>(`${selectProducts} WHERE p.sku = ?`, [sku])
  return row === undefined ? undefined : productOf(row)
}

async function listProducts(session: Session, query: ProductQuery): Promise<Product[]> {
  const rows = await session.rows<ProductRow>(
    `${selectProducts} WHERE p.sku > ? ${query.activeOnly ? 'AND p.active' : ''} ORDER BY p.sku LIMIT ?`,
    [query.afterSku ?? '', query.limit],
  )
  return rows.map(productOf)
}

async function selectForSale(session: Session, skus: readonly string[]): Promise<Set<string>> {
  const rows = await session.rows<{ sku: string }>(
    `SELECT sku FROM products WHERE active AND sku IN (${skus.map(() => '?').join(', ')})`,
    [...skus],
  )
  return new Set(rows.map(row => row.sku))
}

async function insertProduct(session: Session, product: Product): Promise<boolean> {
  const at = dateTimeOfInstant(product.updatedAt)
  try {
    await session.run('INSERT INTO products (sku, name, price, active, updated_at) VALUES (?, ?, ?, ?, ?)', [
      product.sku,
      product.name,
      product.price,
      product.active ? 1 : 0,
      at,
    ])
    await session.run('INSERT INTO stock (sku, quantity, updated_at) VALUES (?, ?, ?)', [
      product.sku,
      product.stock,
      at,
    ])
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

function productOf(row: ProductRow): Product {
  return {
    sku: row.sku,
    name: row.name,
    price: row.price,
    stock: row.quantity,
    active: row.active !== 0,
    updatedAt: instantIn(row.updated_at),
  }
}
