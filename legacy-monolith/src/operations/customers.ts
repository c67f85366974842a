import type { Pool } from 'mysql2/promise'
import { change, inTransaction, type Queryable, type Row, selectRows } from '../database.ts'
import { customerNotFound, refuseViolations } from '../faults.ts'
import { centsOf, decimalOf, isoDate, isoDateTime, stampOf } from '../legacy-values.ts'
import {
  nillableText,
  optionalBoolean,
  optionalCode,
  optionalInt,
  optionalText,
  pageSize,
  requiredInt,
} from '../soap/arguments.ts'
import type { Arguments } from '../soap/read-message.ts'
import { clientFault } from '../soap/soap-fault.ts'
import {
  creditLimitReason,
  emailReason,
  nameReason,
  noteTextReason,
  phoneReason,
  violationsOf,
} from './field-rules.ts'

const statusCodes = ['A', 'S', 'C']

const customerColumns =
  'CUST_NO, CUST_NM, EMAIL_ADR, PHONE_NO, CRED_LMT, STAT_CD, VIP_FLG, OPEN_DT, OPEN_TM, RVW_DT, CHG_DT, CHG_TM'

/** The eight operations on customers and their notes. */
export function customerOperations(pool: Pool, now: () => Date) {
  return {
    async GetCustomer(args: Arguments) {
      return { customer: await customerOf(pool, requiredInt(args, 'custNo')) }
    },

    async FindCustomers(args: Arguments) {
      const conditions = ['CUST_NO > ?']
      const values: (string | number)[] = [optionalInt(args, 'afterNo') ?? 0]
      const prefix = optionalText(args, 'namePrefix')
      if (prefix !== undefined && prefix !== '') {
        conditions.push(`CUST_NM LIKE ? ESCAPE '!'`)
        values.push(`${prefix.replace(/[!%_]/g, '!$&')}%`)
      }
      const status = optionalCode(args, 'statusCode', statusCodes)
      if (status !== undefined) {
        conditions.push('STAT_CD = ?')
        values.push(status)
      }
      const rows = await selectRows(
        pool,
        `SELECT ${customerColumns} FROM CUST_MST WHERE ${conditions.join(' AND ')} ORDER BY CUST_NO LIMIT ${pageSize(args)}`,
        values,
      )
      return { customer: rows.map(customerFromRow) }
    },

    async CreateCustomer(args: Arguments) {
      const name = optionalText(args, 'name')
      const email = nillableText(args, 'email')
      const phone = optionalText(args, 'phone')
      const creditLimit = optionalText(args, 'creditLimit')
      const vip = optionalBoolean(args, 'vip') ?? false
      refuseViolations(
        violationsOf({
          name: nameReason(name),
          email: emailReason(email),
          phone: phoneReason(phone),
          creditLimit: creditLimitReason(creditLimit),
        }),
      )
      const { date, time } = stampOf(now())
      return inTransaction(pool, async db => {
        const { insertId } = await change(
          db,
          `INSERT INTO CUST_MST (CUST_NM, EMAIL_ADR, PHONE_NO, CRED_LMT, STAT_CD, VIP_FLG, OPEN_DT, OPEN_TM, CHG_DT, CHG_TM)
           VALUES (?, ?, ?, ?, 'A', ?, ?, ?, ?, ?)`,
          [
            name!,
            email ?? null,
            phone ?? null,
            centsOf(creditLimit!.trim())!,
            vip ? 'Y' : 'N',
            date,
            time,
            date,
            time,
          ],
        )
        return { customer: await customerOf(db, insertId) }
      })
    },

    async UpdateCustomer(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      const name = optionalText(args, 'name')
      const email = nillableText(args, 'email')
      const phone = nillableText(args, 'phone')
      const vip = optionalBoolean(args, 'vip')
      refuseViolations(
        violationsOf({
          name: name === undefined ? undefined : nameReason(name),
          email: emailReason(email),
          phone: phoneReason(phone),
        }),
      )
      const columns = {
        CUST_NM: name,
        EMAIL_ADR: email,
        PHONE_NO: phone,
        VIP_FLG: vip === undefined ? undefined : vip ? 'Y' : 'N',
      }
      return { customer: await updateCustomer(pool, custNo, columns, now()) }
    },

    async ChangeCreditLimit(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      const creditLimit = optionalText(args, 'creditLimit')
      refuseViolations(violationsOf({ creditLimit: creditLimitReason(creditLimit) }))
      return {
        customer: await updateCustomer(pool, custNo, { CRED_LMT: centsOf(creditLimit!.trim())! }, now()),
      }
    },

    async SetCustomerStatus(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      const status = optionalCode(args, 'statusCode', statusCodes)
      if (status === undefined) throw clientFault('statusCode is missing')
      return { customer: await updateCustomer(pool, custNo, { STAT_CD: status }, now()) }
    },

    async AddCustomerNote(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      const text = optionalText(args, 'text')
      refuseViolations(violationsOf({ text: noteTextReason(text) }))
      const { date, time } = stampOf(now())
      return inTransaction(pool, async db => {
        await customerOf(db, custNo)
        const { insertId } = await change(
          db,
          'INSERT INTO CUST_NOTE (CUST_NO, NOTE_TXT, WRT_DT, WRT_TM) VALUES (?, ?, ?, ?)',
          [custNo, text!, date, time],
        )
        const rows = await selectRows(db, 'SELECT * FROM CUST_NOTE WHERE NOTE_NO = ?', [insertId])
        return { note: noteFromRow(rows[0]!) }
      })
    },

    async ListCustomerNotes(args: Arguments) {
      const custNo = requiredInt(args, 'custNo')
      await customerOf(pool, custNo)
      const rows = await selectRows(pool, 'SELECT * FROM CUST_NOTE WHERE CUST_NO = ? ORDER BY NOTE_NO', [
        custNo,
      ])
      return { note: rows.map(noteFromRow) }
    },
  }
}

async function customerOf(db: Queryable, custNo: number) {
  const rows = await selectRows(db, `SELECT ${customerColumns} FROM CUST_MST WHERE CUST_NO = ?`, [custNo])
  if (rows[0] === undefined) throw customerNotFound(custNo)
  return customerFromRow(rows[0])
}

/** Sets the columns that are given; `undefined` leaves one alone. */
async function updateCustomer(
  pool: Pool,
  custNo: number,
  columns: Readonly<Record<string, string | number | null | undefined>>,
  at: Date,
) {
  const { date, time } = stampOf(at)
  const given = Object.entries({ ...columns, CHG_DT: date, CHG_TM: time }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, value }],
  )
  return inTransaction(pool, async db => {
    await change(
      db,
      `UPDATE CUST_MST SET ${given.map(({ column }) => `${column} = ?`).join(', ')} WHERE CUST_NO = ?`,
      [...given.map(({ value }) => value), custNo],
    )
    return customerOf(db, custNo)
  })
}

/** Key order is the order of customers.xsd. */
function customerFromRow(row: Row) {
  return {
    custNo: row.CUST_NO as number,
    name: row.CUST_NM as string,
    email: row.EMAIL_ADR as string | null,
    phone: (row.PHONE_NO as string | null) ?? undefined,
    creditLimit: decimalOf(Number(row.CRED_LMT)),
    statusCode: row.STAT_CD as string,
    vip: row.VIP_FLG === 'Y',
    openedAt: isoDateTime(row.OPEN_DT, row.OPEN_TM),
    reviewedOn: row.RVW_DT === null ? undefined : isoDate(row.RVW_DT),
    changedAt: isoDateTime(row.CHG_DT, row.CHG_TM),
  }
}

function noteFromRow(row: Row) {
  return {
    noteNo: row.NOTE_NO as number,
    custNo: row.CUST_NO as number,
    text: row.NOTE_TXT as string,
    writtenAt: isoDateTime(row.WRT_DT, row.WRT_TM),
  }
}
