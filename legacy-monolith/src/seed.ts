import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { stampOf } from './legacy-values.ts'
import { below, createRandom, customerRow, noteCount, noteText, type Random } from './seed-data.ts'

export type Seeded = { customers: number; notes: number; products: number; orders: number }

const products = 500
const rowsPerInsert = 1_000
const placedFrom = Date.UTC(2024, 0, 1)
const day = 86_400_000

/**
 * Fills an installed, empty shop; the same seed gives the same rows. A shop that has customers is left alone.
 * @param url `mysql://user:password@host:port/schema`
 * @param options.customers how many; there is one order per four of them
 * @returns how many rows the shop now has
 */
export async function seedShop(url: string, options: { customers: number; seed: number }): Promise<Seeded> {
  const connection = await createConnection({ uri: url, charset: 'utf8mb4', timezone: 'Z' })
  try {
    if ((await countRows(connection)).customers === 0) await fill(connection, options)
    return await countRows(connection)
  } finally {
    await connection.end()
  }
}

async function fill(connection: Connection, options: { customers: number; seed: number }): Promise<void> {
  const random = createRandom(options.seed)
  const numbers = Array.from({ length: options.customers }, (_, index) => index + 1)
  const customers = numbers.map(custNo => customerRow(custNo, random))
  const notes = numbers.flatMap(custNo => notesOf(custNo, random))
  const prices = Array.from({ length: products }, () => 99 + below(random, 50_000))
  const orders = ordersOf(customers, prices, Math.floor(options.customers / 4), random)

  await connection.beginTransaction()
  await insert(connection, 'CUST_MST', customers)
  await insert(connection, 'CUST_NOTE (CUST_NO, NOTE_TXT, WRT_DT, WRT_TM)', notes)
  await insert(
    connection,
    'PRD_MST',
    prices.map((price, index) => [
      skuOf(index),
      `Article ${index} ${index % 7 === 0 ? 'für "Profis" & Söhne' : ''}`.trim(),
      price,
      index % 25 === 0 ? 0 : 1_000 + below(random, 9_000),
      index % 40 === 39 ? 'N' : 'Y',
      '20240101',
      '000000',
    ]),
  )
  await insert(connection, 'ORD_HDR', orders.headers)
  await insert(connection, 'ORD_LINE', orders.lines)
  await connection.commit()
}

function skuOf(index: number): string {
  return `SKU-${String(index).padStart(4, '0')}`
}

function notesOf(custNo: number, random: Random): unknown[][] {
  return Array.from({ length: noteCount(random) }, () => {
    const written = stampOf(new Date(placedFrom + below(random, 300 * day)))
    return [custNo, noteText(random), written.date, written.time]
  })
}

/** Open orders stay within the credit limit of their customer; what does not fit has been shipped. */
function ordersOf(
  customers: readonly ReturnType<typeof customerRow>[],
  prices: readonly number[],
  count: number,
  random: Random,
): { headers: unknown[][]; lines: unknown[][] } {
  const headers: unknown[][] = []
  const lines: unknown[][] = []
  const openCents = new Map<number, number>()
  for (let ordNo = 1; ordNo <= count; ordNo++) {
    const [custNo, , , , limit] = customers[below(random, customers.length)]!
    let total = 0
    const lineCount = 1 + below(random, 4)
    for (let lineNo = 1; lineNo <= lineCount; lineNo++) {
      const product = below(random, products)
      const quantity = 1 + below(random, 5)
      total += prices[product]! * quantity
      lines.push([ordNo, lineNo, skuOf(product), quantity, prices[product]!])
    }
    const open = (openCents.get(custNo) ?? 0) + total
    const status = random() < 0.1 ? 'X' : random() < 0.5 || open > limit ? 'S' : 'O'
    if (status === 'O') openCents.set(custNo, open)
    const placed = stampOf(new Date(placedFrom + below(random, 300 * day)))
    headers.push([ordNo, custNo, status, total, placed.date, placed.time, placed.date, placed.time])
  }
  return { headers, lines }
}

async function insert(connection: Connection, into: string, rows: readonly unknown[][]): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsPerInsert)
    await connection.query(`INSERT INTO ${into} VALUES ?`, [rows.slice(from, from + rowsPerInsert)])
}

async function countRows(connection: Connection): Promise<Seeded> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT (SELECT COUNT(*) FROM CUST_MST) customers, (SELECT COUNT(*) FROM CUST_NOTE) notes,
            (SELECT COUNT(*) FROM PRD_MST) products, (SELECT COUNT(*) FROM ORD_HDR) orders`,
  )
  const counts = rows[0]!
  return {
    customers: Number(counts.customers),
    notes: Number(counts.notes),
    products: Number(counts.products),
    orders: Number(counts.orders),
  }
}
