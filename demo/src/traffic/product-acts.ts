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
  settleMoved,
} from './caller.ts'
import type { Answer } from './exchange.ts'
import { elementText, soapRequest } from './soap-message.ts'

const catalog = 'urn:shop:2009:catalog'
const orders = 'urn:shop:2009:orders'
/** No order of the demo comes near it. */
const plenty = { credit: '9000000000.00', stock: 1_000_000 }

export type ProductParts = CallerParts & {
  /** Products that this caller alone writes. */
  products: string[]
  /** Those of them that it sells: they were on both sides before anything moved. */
  forSale: string[]
  /** Who buys them. */
  buyer: number
  /** Products of the seed, there to be read. */
  seeded: number
}

/** Clients of the catalog: reads, new products, prices; and orders, which take stock in the monolith all the time. */
export const productActs: Acts<ProductParts> = {
  rest: [
    { weight: 34, value: readByRest },
    { weight: 10, value: parts => list(parts, rest(parts, 'GET', '/products?limit=5')) },
    { weight: 8, value: createByRest },
    { weight: 18, value: priceByRest },
    { weight: 10, value: adjustByRest },
    { weight: 20, value: order },
  ],
  soap: [
    { weight: 34, value: readBySoap },
    { weight: 10, value: parts => list(parts, soap(parts, catalog, 'ListProducts', '<maxRows>5</maxRows>')) },
    { weight: 8, value: createBySoap },
    { weight: 18, value: priceBySoap },
    { weight: 10, value: adjustBySoap },
    { weight: 20, value: order },
  ],
}

/**
 * Gives a caller what it needs to sell: a buyer with credit, and products with stock.
 * @throws Error with the answer when the shop does not take them
 */
export async function openStall(parts: CallerParts, seeded: number): Promise<ProductParts> {
  const made = { ...parts, products: [], forSale: [], buyer: 0, seeded }
  const body = { name: `Buyer ${parts.id}`, email: `${parts.id}@buyer.example`, creditLimit: plenty.credit }
  const buyer = await rest(made, 'POST', '/customers', body, `${parts.id}-buyer`)
  if (buyer.outcome !== 'ok') throw new Error(`no buyer: ${buyer.status} ${buyer.text}`)
  const skus = [1, 2].map(nth => `${parts.id}-S${nth}`)
  for (const sku of skus) {
    const product = { sku, name: `Stall ${sku}`, price: '5.00', stock: plenty.stock }
    const listed = await rest(made, 'POST', '/products', product, sku)
    if (listed.outcome !== 'ok') throw new Error(`no product: ${listed.status} ${listed.text}`)
    settleAdded(parts, 'product', sku, listed)
    parts.ledger.record({ kind: 'moved', sku, by: plenty.stock }, 'acknowledged')
  }
  return { ...made, products: [...skus], forSale: skus, buyer: (JSON.parse(buyer.text) as { id: number }).id }
}

function rest(
  { exchange, id }: ProductParts,
  method: string,
  path: string,
  body?: unknown,
  idempotencyKey?: string,
): Promise<Answer> {
  return exchange.rest(method, path, id, body, idempotencyKey)
}

/** `content` is the operation's own, in its namespace. */
function soap(
  { exchange, id }: ProductParts,
  namespace: string,
  operation: string,
  content: string,
): Promise<Answer> {
  return exchange.soap(operation, `<${operation} xmlns="${namespace}">${content}</${operation}>`, id)
}

function call(
  { exchange, id }: ProductParts,
  operation: string,
  values: Record<string, string | number>,
): Promise<Answer> {
  return exchange.soap(operation, soapRequest(operation, catalog, values), id)
}

async function list(parts: ProductParts, answer: Promise<Answer>): Promise<void> {
  await read(parts, answer)
}

function someSku(parts: ProductParts): string {
  if (parts.random() < 0.5) return oneOf(parts, parts.products)
  return `SKU-${String(Math.floor(parts.random() * parts.seeded)).padStart(4, '0')}`
}

async function readByRest(parts: ProductParts, memory: Memory): Promise<void> {
  const sku = someSku(parts)
  const answer = await read(parts, rest(parts, 'GET', `/products/${sku}`))
  if (answer.outcome !== 'ok') return
  const { price } = JSON.parse(answer.text) as { price: string }
  compareWithMemory(parts, memory, 'product', sku, answer.side, { price })
}

async function readBySoap(parts: ProductParts, memory: Memory): Promise<void> {
  const sku = someSku(parts)
  const answer = await read(parts, call(parts, 'GetProduct', { sku }))
  if (answer.outcome !== 'ok') return
  const price = elementText(answer.text, 'price') ?? ''
  compareWithMemory(parts, memory, 'product', sku, answer.side, { price })
}

/** At most 20 characters: the monolith's column. */
function skuOf(serial: string): string {
  return serial.toUpperCase().slice(-20)
}

async function createByRest(parts: ProductParts, _memory: Memory, serial: string): Promise<void> {
  const sku = skuOf(serial)
  const body = { sku, name: `Größe “${serial}” & Co`, price: amount(parts, 1, 900), stock: 5 }
  added(parts, sku, await rest(parts, 'POST', '/products', body, serial))
}

async function createBySoap(parts: ProductParts, _memory: Memory, serial: string): Promise<void> {
  const sku = skuOf(serial)
  const values = { sku, name: `찻잔 <${serial}>`, price: amount(parts, 1, 900), stock: 5 }
  added(parts, sku, await call(parts, 'CreateProduct', values))
}

function added(parts: ProductParts, sku: string, answer: Answer): void {
  settleAdded(parts, 'product', sku, answer)
  if (answer.outcome === 'ok') parts.products.push(sku)
}

async function priceByRest(parts: ProductParts, memory: Memory): Promise<void> {
  const id = oneOf(parts, parts.products)
  const value = amount(parts, 1, 900)
  const answer = await rest(parts, 'PUT', `/products/${id}/price`, { price: value })
  settleField(parts, memory, { what: 'product', id, field: 'price', value }, answer)
}

async function priceBySoap(parts: ProductParts, memory: Memory): Promise<void> {
  const id = oneOf(parts, parts.products)
  const value = amount(parts, 1, 900)
  const answer = await call(parts, 'ChangePrice', { sku: id, price: value })
  settleField(parts, memory, { what: 'product', id, field: 'price', value }, answer)
}

async function adjustByRest(parts: ProductParts, _memory: Memory, serial: string): Promise<void> {
  const sku = oneOf(parts, parts.forSale)
  const path = `/products/${sku}/stock-adjustments`
  settleMoved(parts, sku, 3, await rest(parts, 'POST', path, { delta: 3 }, serial))
}

async function adjustBySoap(parts: ProductParts): Promise<void> {
  const sku = oneOf(parts, parts.forSale)
  settleMoved(parts, sku, 2, await call(parts, 'AdjustStock', { sku, delta: 2 }))
}

/** An order as the monolith takes it: over SOAP, whoever serves the catalog. */
async function order(parts: ProductParts): Promise<void> {
  const sku = oneOf(parts, parts.forSale)
  const content = `<custNo>${parts.buyer}</custNo><line><sku>${sku}</sku><quantity>1</quantity></line>`
  settleMoved(parts, sku, -1, await soap(parts, orders, 'PlaceOrder', content))
}
