import { createHash } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row, SqlValue, TableMapping } from '../src/data/table-mapping.ts'
import type { Plan } from '../src/plan/plan.ts'

/**
 * What the shop says of a product. How much of it is there stays with whoever owns the stock: the monolith's orders go on
 * changing it in the same row. Both write the date of the last change.
 */
const products: TableMapping = {
  legacy: {
    table: 'PRD_MST',
    key: ['SKU'],
    columns: ['SKU', 'PRD_NM', 'PRC', 'ACT_FLG', 'CHG_DT', 'CHG_TM'],
    leaves: ['STK_QTY'],
    shared: ['CHG_DT', 'CHG_TM'],
  },
  extracted: {
    table: 'products',
    key: ['sku'],
    columns: ['sku', 'name', 'price', 'active', 'updated_at'],
    shared: ['updated_at'],
  },
  toExtracted: row => ({
    sku: row.SKU!,
    name: row.PRD_NM!,
    price: centsToDecimal(row.PRC),
    active: translate(row, 'ACT_FLG', { Y: 1, N: 0 }),
    updated_at: joinDateTime(row.CHG_DT, row.CHG_TM),
  }),
  toLegacy: row => {
    const [date, time] = splitDateTime(row.updated_at)
    return {
      SKU: row.sku!,
      PRD_NM: row.name!,
      PRC: decimalToCents(row.price),
      ACT_FLG: translate(row, 'active', { '1': 'Y', '0': 'N' }),
      CHG_DT: date,
      CHG_TM: time,
    }
  },
}

/** How much of a product is there. Whether there is such a product is the catalog's. */
export const stock: TableMapping = {
  legacy: {
    table: 'PRD_MST',
    key: ['SKU'],
    columns: ['SKU', 'STK_QTY', 'CHG_DT', 'CHG_TM'],
    shared: ['CHG_DT', 'CHG_TM'],
    rows: 'foreign',
  },
  extracted: {
    table: 'stock',
    key: ['sku'],
    columns: ['sku', 'quantity', 'updated_at'],
    shared: ['updated_at'],
    rows: 'foreign',
  },
  toExtracted: row => ({
    sku: row.SKU!,
    quantity: row.STK_QTY!,
    updated_at: joinDateTime(row.CHG_DT, row.CHG_TM),
  }),
  toLegacy: row => {
    const [date, time] = splitDateTime(row.updated_at)
    return { SKU: row.sku!, STK_QTY: row.quantity!, CHG_DT: date, CHG_TM: time }
  },
}

/** 1234 → "12.34", without ever being a binary fraction. */
function centsToDecimal(cents: SqlValue | undefined): string {
  const all = BigInt(cents as number | string)
  const digits = (all < 0n ? -all : all).toString().padStart(3, '0')
  return `${all < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function decimalToCents(decimal: SqlValue | undefined): number | string {
  const match = /^(-?\d+)\.(\d\d)$/.exec(String(decimal))
  if (match === null) throw impossible('price', decimal)
  const cents = BigInt(`${match[1]}${match[2]}`)
  return Number.isSafeInteger(Number(cents)) ? Number(cents) : cents.toString()
}

function translate<T extends SqlValue>(row: Row, column: string, words: Record<string, T>): T {
  const code = String(row[column])
  if (!Object.hasOwn(words, code)) throw impossible(column, row[column])
  return words[code]!
}

function joinDateTime(date: SqlValue | undefined, time: SqlValue | undefined): string {
  const match = /^(\d{4})(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)$/.exec(`${date} ${time}`)
  if (match === null) throw impossible('date and time', `${date} ${time}`)
  return `${match[1]}-${match[2]}-${match[3]} ${match[4]}:${match[5]}:${match[6]}`
}

function splitDateTime(dateTime: SqlValue | undefined): [date: string, time: string] {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(String(dateTime))
  if (match === null) throw impossible('date and time', dateTime)
  return [match.slice(1, 4).join(''), match.slice(4).join('')]
}

function impossible(what: string, value: SqlValue | undefined): ToolkitError {
  return new ToolkitError('ROW_UNMAPPABLE', `${JSON.stringify(value)} is not a ${what} that can be mapped`, {
    hint: 'correct that row on its own side, or widen the mapping in plans/catalog.ts',
  })
}

/** A SKU of its own for each token: twenty characters at most. */
function skuOf(token: string): string {
  return `DRILL-${createHash('sha256').update(token).digest('hex').slice(0, 14).toUpperCase()}`
}

const hour = 3_600_000

/**
 * Products: from the shop's PRD_MST to the catalog service, and back. A new product's first stock goes with it; what
 * happens to the stock later is the capability `stock`, which must be synced before clients see the catalog here.
 */
export const plan: Plan = {
  capability: 'catalog',
  databases: { legacy: 'legacy', extracted: 'catalog' },
  tables: [products, { ...stock, carries: 'births' }],
  // PlaceOrder looks at price and stock in the monolith's own table.
  readBy: ['orders'],
  writers: [
    {
      account: 'nightly',
      writes: [{ table: 'PRD_MST' }],
      answer: 'fenced',
      reason: 'it may write all of the shop, and reviews customers alone',
    },
    {
      account: 'monolith',
      writes: [{ table: 'PRD_MST', events: ['insert', 'update'] }],
      answer: 'moves',
      reason:
        'the SOAP operations on products are routes of the capability; orders write no more than the stock, which the fence lets pass',
    },
  ],
  gates: {
    maxLagMs: 500,
    verifyMaxAgeMs: 24 * hour,
    minSamples: 200,
    maxDivergence: 0,
    drillMaxAgeMs: 24 * hour,
    writersMaxAgeMs: 24 * hour,
    maxTransactionMs: 2_000,
    soakSeconds: 24 * 3_600,
  },
  steps: [
    { kind: 'backfill' },
    { kind: 'sync' },
    { kind: 'verify' },
    { kind: 'writers', seconds: 4 },
    { kind: 'stage', stage: 'shadow' },
    { kind: 'compare-gate', waitSeconds: 20 },
    { kind: 'stage', stage: 'canary', percent: 10 },
    { kind: 'stage', stage: 'canary', percent: 50 },
    { kind: 'drill', ratePerSecond: 30, seconds: 6 },
    { kind: 'cutover' },
  ],
  drill: {
    subjects: 'SELECT SKU AS id FROM PRD_MST ORDER BY SKU LIMIT 200',
    writes: [
      {
        name: 'CreateProduct over REST',
        protocol: 'rest',
        request: (_subject, token) => ({
          method: 'POST',
          path: '/products',
          headers: { 'content-type': 'application/json', 'idempotency-key': token },
          body: JSON.stringify({ sku: skuOf(token), name: token, price: '1.00', stock: 1 }),
        }),
      },
      {
        name: 'CreateProduct over SOAP',
        protocol: 'soap',
        request: (_subject, token) => ({
          method: 'POST',
          path: '/soap',
          headers: {
            'content-type': 'text/xml; charset=utf-8',
            soapaction: '"urn:shop:2009#CreateProduct"',
          },
          body: `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><CreateProduct xmlns="urn:shop:2009:catalog"><sku>${skuOf(token)}</sku><name>${token}</name><price>1.00</price><stock>1</stock></CreateProduct></soap:Body></soap:Envelope>`,
        }),
      },
    ],
    count: {
      legacy: 'SELECT PRD_NM AS token, COUNT(*) AS times FROM PRD_MST WHERE PRD_NM LIKE ? GROUP BY PRD_NM',
      extracted: 'SELECT name AS token, COUNT(*) AS times FROM products WHERE name LIKE ? GROUP BY name',
    },
  },
}
