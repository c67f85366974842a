import type { Pool } from 'mysql2/promise'
import { change, inTransaction, type Queryable, type Row, selectRows } from '../database.ts'
import { productNotFound, refuseViolations, type Violation, validationFault } from '../faults.ts'
import { centsOf, decimalOf, isoDateTime, stampOf } from '../legacy-values.ts'
import {
  optionalBoolean,
  optionalInt,
  optionalText,
  pageSize,
  requiredInt,
  requiredText,
} from '../soap/arguments.ts'
import type { Arguments } from '../soap/read-message.ts'
import { nameReason, skuReason, violationsOf } from './field-rules.ts'

const duplicateKey = 1062
const maxPriceCents = 99_999_999
const maxInt = 2_147_483_647

/** The five operations on products. */
export function catalogOperations(pool: Pool, now: () => Date) {
  return {
    async GetProduct(args: Arguments) {
      return { product: await productOf(pool, requiredSku(args)) }
    },

    async ListProducts(args: Arguments) {
      const activeOnly = optionalBoolean(args, 'activeOnly') ?? false
      const rows = await selectRows(
        pool,
        `SELECT * FROM PRD_MST WHERE SKU > ? ${activeOnly ? "AND ACT_FLG = 'Y'" : ''} ORDER BY SKU LIMIT ${pageSize(args)}`,
        [optionalText(args, 'afterSku') ?? ''],
      )
      return { product: rows.map(productFromRow) }
    },

    async CreateProduct(args: Arguments) {
      const sku = optionalText(args, 'sku')
      const name = optionalText(args, 'name')
      const price = optionalText(args, 'price')
      const stock = optionalInt(args, 'stock') ?? 0
      refuseViolations(
        violationsOf({
          sku: skuReason(sku),
          name: nameReason(name),
          price: priceReason(price),
          stock: stock < 0 ? 'NEGATIVE' : undefined,
        }),
      )
      const { date, time } = stampOf(now())
      try {
        await change(
          pool,
          'INSERT INTO PRD_MST (SKU, PRD_NM, PRC, STK_QTY, CHG_DT, CHG_TM) VALUES (?, ?, ?, ?, ?, ?)',
          [sku!, name!, centsOf(price!.trim())!, stock, date, time],
        )
      } catch (error) {
        if ((error as { errno?: number }).errno === duplicateKey)
          throw validationFault([{ field: 'sku', reason: 'INVALID' }])
        throw error
      }
      return { product: await productOf(pool, sku!) }
    },

    async ChangePrice(args: Arguments) {
      const sku = requiredSku(args)
      const price = optionalText(args, 'price')
      refuseViolations(violationsOf({ price: priceReason(price) }))
      const { date, time } = stampOf(now())
      await change(pool, 'UPDATE PRD_MST SET PRC = ?, CHG_DT = ?, CHG_TM = ? WHERE SKU = ?', [
        centsOf(price!.trim())!,
        date,
        time,
        sku,
      ])
      return { product: await productOf(pool, sku) }
    },

    async AdjustStock(args: Arguments) {
      const sku = requiredSku(args)
      const delta = requiredInt(args, 'delta')
      const { date, time } = stampOf(now())
      return inTransaction(pool, async db => {
        const rows = await selectRows(db, 'SELECT STK_QTY FROM PRD_MST WHERE SKU = ? FOR UPDATE', [sku])
        if (rows[0] === undefined) throw productNotFound(sku)
        const stock = Number(rows[0].STK_QTY) + delta
        if (stock < 0) throw validationFault([{ field: 'delta', reason: 'NEGATIVE' }])
        if (stock > maxInt) throw validationFault([{ field: 'delta', reason: 'INVALID' }])
        await change(db, 'UPDATE PRD_MST SET STK_QTY = ?, CHG_DT = ?, CHG_TM = ? WHERE SKU = ?', [
          stock,
          date,
          time,
          sku,
        ])
        return { product: await productOf(db, sku) }
      })
    },
  }
}

function priceReason(price: string | undefined): Violation['reason'] | undefined {
  if (price === undefined || price.trim() === '') return 'REQUIRED'
  const cents = centsOf(price.trim())
  if (cents === null || cents > maxPriceCents) return 'INVALID'
  return cents < 0 ? 'NEGATIVE' : undefined
}

async function productOf(db: Queryable, sku: string) {
  const rows = await selectRows(db, 'SELECT * FROM PRD_MST WHERE SKU = ?', [sku])
  if (rows[0] === undefined) throw productNotFound(sku)
  return productFromRow(rows[0])
}

/**
 * The database pads with spaces when it compares: only what may be a SKU is looked up.
 * @throws SoapFault ProductNotFound
 */
function requiredSku(args: Arguments): string {
  const sku = requiredText(args, 'sku')
  if (skuReason(sku) !== undefined) throw productNotFound(sku)
  return sku
}

/** Key order is the order of catalog.xsd. */
function productFromRow(row: Row) {
  return {
    sku: row.SKU as string,
    name: row.PRD_NM as string,
    price: decimalOf(Number(row.PRC)),
    stock: row.STK_QTY as number,
    active: row.ACT_FLG === 'Y',
    changedAt: isoDateTime(row.CHG_DT, row.CHG_TM),
  }
}
