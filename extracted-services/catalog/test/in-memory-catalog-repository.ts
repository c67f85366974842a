import { type AuditEntry, nextEntry } from '@strangler/chassis/audit/audit-entry.ts'
import type { Claim, IdempotencyStore } from '@strangler/chassis/idempotency/answer-once.ts'
import type { Message } from '@strangler/chassis/messaging/message.ts'
import { messageOfEvent } from '../src/application/catalog-messages.ts'
import type { CatalogRepository, CatalogWriter } from '../src/application/catalog-repository.ts'
import { auditAction, auditSubject } from '../src/application/product-audit.ts'
import type { Product } from '../src/domain/product.ts'
import type { Reservation } from '../src/domain/reservation.ts'

type Stock = { quantity: number; updatedAt: string }
type State = {
  products: Map<string, Omit<Product, 'stock'>>
  stock: Map<string, Stock>
  reservations: Map<string, Reservation>
  answers: Map<string, Claim & { claimed: false }>
  messages: Message[]
  audit: AuditEntry[]
}

export type InMemoryCatalog = CatalogRepository & {
  /** Everything that was published, in order. */
  messages(): readonly Message[]
}

/** The catalog in memory: writes one after the other, each on a copy that replaces the state when it succeeds. */
export function createInMemoryCatalogRepository(): InMemoryCatalog {
  let state: State = {
    products: new Map(),
    stock: new Map(),
    reservations: new Map(),
    answers: new Map(),
    messages: [],
    audit: [],
  }
  let last: Promise<unknown> = Promise.resolve()

  return {
    messages: () => state.messages,
    find: async sku => productIn(state, sku),
    list: async ({ afterSku = '', activeOnly, limit }) =>
      [...state.products.keys()]
        .filter(sku => sku > afterSku)
        .sort((a, b) => (a < b ? -1 : 1))
        .map(sku => productIn(state, sku)!)
        .filter(product => product.active || !activeOnly)
        .slice(0, limit),
    auditTrail: async sku => state.audit.filter(({ subject }) => subject === auditSubject(sku)),
    findReservation: async orderId => state.reservations.get(orderId),
    write: (work, { rehearsal, traceparent }) => {
      const done = last.then(async () => {
        const draft = structuredClone(state)
        const result = await work(writerOn(draft, traceparent))
        if (!rehearsal) state = draft
        return result
      })
      last = done.catch(() => {})
      return done
    },
  }
}

function productIn({ products, stock }: State, sku: string): Product | undefined {
  const product = products.get(sku)
  const held = stock.get(sku)
  if (product === undefined || held === undefined) return undefined
  const { name, price, active } = product
  const [updatedAt] = [product.updatedAt, held.updatedAt].sort().slice(-1) as [string]
  return { sku, name, price, stock: held.quantity, active, updatedAt }
}

function writerOn(draft: State, traceparent: string): CatalogWriter {
  const add = (sku: string, quantity: number, updatedAt: string) => {
    const held = draft.stock.get(sku)
    if (held !== undefined) draft.stock.set(sku, { quantity: held.quantity + quantity, updatedAt })
  }
  return {
    find: async sku => productIn(draft, sku),
    insert: async ({ stock, ...product }) => {
      if (draft.products.has(product.sku)) return false
      draft.products.set(product.sku, product)
      draft.stock.set(product.sku, { quantity: stock, updatedAt: product.updatedAt })
      return true
    },
    setPrice: async (sku, price, updatedAt) => {
      const product = draft.products.get(sku)
      if (product === undefined) return false
      draft.products.set(sku, { ...product, price, updatedAt })
      return true
    },
    forSale: async skus => new Set(skus.filter(sku => draft.products.get(sku)?.active === true)),
    lockStock: async sku => draft.stock.get(sku)?.quantity,
    takeStock: async (sku, quantity, at) => {
      if ((draft.stock.get(sku)?.quantity ?? -1) < quantity) return false
      add(sku, -quantity, at)
      return true
    },
    addStock: async (sku, quantity, at) => add(sku, quantity, at),
    lockReservation: async orderId => draft.reservations.get(orderId),
    saveReservation: async reservation => {
      const { lines } = draft.reservations.get(reservation.orderId) ?? reservation
      draft.reservations.set(reservation.orderId, { ...reservation, lines })
    },
    audit: async action => {
      const last = draft.audit.findLast(({ subject }) => subject === auditSubject(action.sku))
      draft.audit.push(nextEntry(last, auditAction(action, traceparent)))
    },
    publish: async event => void draft.messages.push(messageOfEvent(event, traceparent)),
    idempotency: idempotencyOn(draft),
  }
}

function idempotencyOn(draft: State): IdempotencyStore {
  const hashes = new Map<string, string>()
  return {
    claim: async (key, requestHash) => {
      const known = draft.answers.get(key)
      if (known !== undefined) return known
      hashes.set(key, requestHash)
      return { claimed: true }
    },
    complete: async (key, answer) => {
      draft.answers.set(key, { claimed: false, requestHash: hashes.get(key) ?? '', answer })
    },
  }
}
