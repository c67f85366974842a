import type { Pool } from 'mysql2/promise'
import { change, inTransaction, type Queryable, type Row, selectRows } from '../database.ts'
import {
  creditExceeded,
  customerNotFound,
  orderNotFound,
  outOfStock,
  refuseViolations,
  type Violation,
  validationFault,
} from '../faults.ts'
import { decimalOf, isoDateTime, type Stamp, stampOf } from '../legacy-values.ts'
import {
  optionalCode,
  optionalInt,
  optionalText,
  pageSize,
  repeated,
  requiredInt,
} from '../soap/arguments.ts'
import type { Arguments } from '../soap/read-message.ts'
import { skuReason } from './field-rules.ts'

type Line = { sku: string; quantity: number }
type PricedLine = Line & { unitCents: number }
type Product = { cents: number; stock: number; active: boolean }

const maxLines = 100
const maxQuantity = 9_999
const statusCodes = ['O', 'S', 'X']

/** The four operations on orders. */
export function orderOperations(pool: Pool, now: () => Date) {
  return {
    async PlaceOrder(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      const lines = readLines(args)
      const stamp = stampOf(now())
      return inTransaction(pool, async db => {
        // The customer's row lock queues the orders of one customer: the sum of open orders can't change meanwhile.
        const limit = await lockedCreditLimit(db, custNo)
        const products = await lockProducts(db, lines)
        const priced = priceLines(lines, products)
        const requested = priced.reduce((sum, line) => sum + line.unitCents * line.quantity, 0)
        const open = await openCents(db, custNo)
        if (open + requested > limit) throw creditExceeded(custNo, limit, open, requested)
        await takeStock(db, lines, products, stamp)
        const orderNo = await writeOrder(db, custNo, priced, requested, stamp)
        return { order: await orderOf(db, orderNo) }
      })
    },

    async GetOrder(args: Arguments) {
      return { order: await orderOf(pool, requiredInt(args, 'orderNo')) }
    },

    async ListOrders(args: Arguments) {
      const conditions = ['ORD_NO > ?']
      const values: (string | number)[] = [optionalInt(args, 'afterNo') ?? 0]
      const custNo = optionalInt(args, 'custNo')
      if (custNo !== undefined) {
        conditions.push('CUST_NO = ?')
        values.push(custNo)
      }
      const status = optionalCode(args, 'statusCode', statusCodes)
      if (status !== undefined) {
        conditions.push('STAT_CD = ?')
        values.push(status)
      }
      return { order: await selectOrders(pool, conditions.join(' AND '), values, pageSize(args)) }
    },

    async CancelOrder(args: Arguments) {
      const orderNo = requiredInt(args, 'orderNo')
      const { date, time } = stampOf(now())
      return inTransaction(pool, async db => {
        const rows = await selectRows(db, 'SELECT STAT_CD FROM ORD_HDR WHERE ORD_NO = ? FOR UPDATE', [
          orderNo,
        ])
        if (rows[0] === undefined) throw orderNotFound(orderNo)
        if (rows[0].STAT_CD !== 'O') throw validationFault([{ field: 'orderNo', reason: 'INVALID' }])
        await change(db, "UPDATE ORD_HDR SET STAT_CD = 'X', CHG_DT = ?, CHG_TM = ? WHERE ORD_NO = ?", [
          date,
          time,
          orderNo,
        ])
        const lines = await selectRows(db, 'SELECT SKU, QTY FROM ORD_LINE WHERE ORD_NO = ? ORDER BY SKU', [
          orderNo,
        ])
        for (const line of lines)
          await change(db, 'UPDATE PRD_MST SET STK_QTY = STK_QTY + ?, CHG_DT = ?, CHG_TM = ? WHERE SKU = ?', [
            line.QTY,
            date,
            time,
            line.SKU,
          ])
        return { order: await orderOf(db, orderNo) }
      })
    },
  }
}

function readLines(args: Arguments): Line[] {
  const sent = repeated(args, 'line')
  if (sent.length === 0) throw validationFault([{ field: 'line', reason: 'REQUIRED' }])
  if (sent.length > maxLines) throw validationFault([{ field: 'line', reason: 'TOO_LONG' }])
  const violations: Violation[] = []
  const lines = sent.map((line, index) => {
    const sku = optionalText(line, 'sku') ?? ''
    const quantity = optionalInt(line, 'quantity')
    const field = `line[${index + 1}]`
    if (sku === '') violations.push({ field: `${field}.sku`, reason: 'REQUIRED' })
    if (quantity === undefined) violations.push({ field: `${field}.quantity`, reason: 'REQUIRED' })
    else if (quantity < 0) violations.push({ field: `${field}.quantity`, reason: 'NEGATIVE' })
    else if (quantity === 0 || quantity > maxQuantity)
      violations.push({ field: `${field}.quantity`, reason: 'INVALID' })
    return { sku, quantity: quantity ?? 0 }
  })
  refuseViolations(violations)
  return lines
}

async function lockedCreditLimit(db: Queryable, custNo: number): Promise<number> {
  const rows = await selectRows(db, 'SELECT CRED_LMT, STAT_CD FROM CUST_MST WHERE CUST_NO = ? FOR UPDATE', [
    custNo,
  ])
  if (rows[0] === undefined) throw customerNotFound(custNo)
  if (rows[0].STAT_CD !== 'A') throw validationFault([{ field: 'custNo', reason: 'INVALID' }])
  return Number(rows[0].CRED_LMT)
}

async function openCents(db: Queryable, custNo: number): Promise<number> {
  const rows = await selectRows(
    db,
    "SELECT COALESCE(SUM(TOT_AMT), 0) OPEN_AMT FROM ORD_HDR WHERE CUST_NO = ? AND STAT_CD = 'O'",
    [custNo],
  )
  return Number(rows[0]!.OPEN_AMT)
}

/** Locks in the order of the SKU, so that two orders for the same products never wait for each other in a ring. */
async function lockProducts(db: Queryable, lines: readonly Line[]): Promise<Map<string, Product>> {
  const products = new Map<string, Product>()
  // The database pads with spaces when it compares: only what may be a SKU is looked up.
  const skus = [...new Set(lines.map(line => line.sku))].filter(sku => skuReason(sku) === undefined).sort()
  for (const sku of skus) {
    const [row] = await selectRows(db, 'SELECT PRC, STK_QTY, ACT_FLG FROM PRD_MST WHERE SKU = ? FOR UPDATE', [
      sku,
    ])
    if (row !== undefined)
      products.set(sku, { cents: Number(row.PRC), stock: row.STK_QTY, active: row.ACT_FLG === 'Y' })
  }
  return products
}

function priceLines(lines: readonly Line[], products: ReadonlyMap<string, Product>): PricedLine[] {
  const violations: Violation[] = []
  const priced = lines.map((line, index) => {
    const product = products.get(line.sku)
    if (product === undefined || !product.active)
      violations.push({ field: `line[${index + 1}].sku`, reason: 'INVALID' })
    return { ...line, unitCents: product?.cents ?? 0 }
  })
  refuseViolations(violations)
  return priced
}

async function takeStock(
  db: Queryable,
  lines: readonly Line[],
  products: ReadonlyMap<string, Product>,
  stamp: Stamp,
): Promise<void> {
  const wanted = new Map<string, number>()
  for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
  for (const [sku, quantity] of wanted) {
    const { stock } = products.get(sku)!
    if (stock < quantity) throw outOfStock(sku, stock, quantity)
    await change(db, 'UPDATE PRD_MST SET STK_QTY = STK_QTY - ?, CHG_DT = ?, CHG_TM = ? WHERE SKU = ?', [
      quantity,
      stamp.date,
      stamp.time,
      sku,
    ])
  }
}

async function writeOrder(
  db: Queryable,
  custNo: number,
  lines: readonly PricedLine[],
  total: number,
  { date, time }: Stamp,
): Promise<number> {
  const { insertId } = await change(
    db,
    `INSERT INTO ORD_HDR (CUST_NO, STAT_CD, TOT_AMT, ORD_DT, ORD_TM, CHG_DT, CHG_TM) VALUES (?, 'O', ?, ?, ?, ?, ?)`,
    [custNo, total, date, time, date, time],
  )
  for (const [index, line] of lines.entries())
    await change(db, 'INSERT INTO ORD_LINE (ORD_NO, LINE_NO, SKU, QTY, UNIT_PRC) VALUES (?, ?, ?, ?, ?)', [
      insertId,
      index + 1,
      line.sku,
      line.quantity,
      line.unitCents,
    ])
  return insertId
}

async function orderOf(db: Queryable, orderNo: number) {
  const [order] = await selectOrders(db, 'ORD_NO = ?', [orderNo], 1)
  if (order === undefined) throw orderNotFound(orderNo)
  return order
}

/** Key order is the order of orders.xsd. */
async function selectOrders(
  db: Queryable,
  condition: string,
  values: readonly (string | number)[],
  limit: number,
) {
  const headers = await selectRows(
    db,
    `SELECT * FROM ORD_HDR WHERE ${condition} ORDER BY ORD_NO LIMIT ${limit}`,
    values,
  )
  if (headers.length === 0) return []
  const numbers = headers.map(header => header.ORD_NO as number)
  const lines = await selectRows(
    db,
    `SELECT * FROM ORD_LINE WHERE ORD_NO IN (${numbers.map(() => '?').join(', ')}) ORDER BY ORD_NO, LINE_NO`,
    numbers,
  )
  const linesOf = Map.groupBy(lines, line => line.ORD_NO as number)
  return headers.map(header => ({
    orderNo: header.ORD_NO as number,
    custNo: header.CUST_NO as number,
    statusCode: header.STAT_CD as string,
    total: decimalOf(Number(header.TOT_AMT)),
    placedAt: isoDateTime(header.ORD_DT, header.ORD_TM),
    changedAt: isoDateTime(header.CHG_DT, header.CHG_TM),
    line: (linesOf.get(header.ORD_NO) ?? []).map(orderLine),
  }))
}

function orderLine(row: Row) {
  return {
    lineNo: row.LINE_NO as number,
    sku: row.SKU as string,
    quantity: row.QTY as number,
    unitPrice: decimalOf(Number(row.UNIT_PRC)),
    lineTotal: decimalOf(Number(row.UNIT_PRC) * Number(row.QTY)),
  }
}
