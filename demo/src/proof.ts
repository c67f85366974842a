import { createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Expectation, Field } from './traffic/ledger.ts'

export type SideProof = { lost: string[]; duplicated: string[] }
export type Proof = { legacy: SideProof; extracted: SideProof; lost: number; duplicated: number }

/** How one side's database is asked. Values come as text, exactly as REST and SOAP show them. */
type Sql = { created: string; noted: string; fields: string }

const legacySql: Sql = {
  created: `SELECT EMAIL_ADR AS token, COUNT(*) AS times FROM legacy_shop.CUST_MST WHERE EMAIL_ADR LIKE '%@ledger.example' GROUP BY EMAIL_ADR`,
  noted: `SELECT NOTE_TXT AS token, COUNT(*) AS times FROM legacy_shop.CUST_NOTE WHERE NOTE_TXT LIKE 'ledger %' GROUP BY NOTE_TXT`,
  fields: `SELECT CUST_NO AS id, CUST_NM AS name, PHONE_NO AS phone, CAST(CRED_LMT AS DECIMAL(17,2)) / 100 AS creditLimit FROM legacy_shop.CUST_MST WHERE CUST_NO IN (?)`,
}
const extractedSql: Sql = {
  created: `SELECT email AS token, COUNT(*) AS times FROM customers.customers WHERE email LIKE '%@ledger.example' GROUP BY email`,
  noted: `SELECT text AS token, COUNT(*) AS times FROM customers.customer_notes WHERE text LIKE 'ledger %' GROUP BY text`,
  fields: `SELECT id, name, phone, credit_limit AS creditLimit FROM customers.customers WHERE id IN (?)`,
}

/**
 * Holds both databases against the ledger: each acknowledged creation and note exactly once, each customer's last
 * acknowledged value in place. Reads them directly, past every part of the system under proof.
 * @param adminUrl an account that may read both schemas
 */
export async function prove(adminUrl: string, expected: Expectation): Promise<Proof> {
  const legacy = await proveSide(adminUrl, legacySql, expected)
  const extracted = await proveSide(adminUrl, extractedSql, expected)
  const lost = new Set([...legacy.lost, ...extracted.lost]).size
  const duplicated = new Set([...legacy.duplicated, ...extracted.duplicated]).size
  return { legacy, extracted, lost, duplicated }
}

async function proveSide(adminUrl: string, sql: Sql, expected: Expectation): Promise<SideProof> {
  const connection = await createConnection({ uri: adminUrl, decimalNumbers: false })
  try {
    const lost: string[] = []
    const duplicated: string[] = []
    for (const [tokens, query] of [
      [expected.created, sql.created],
      [expected.noted, sql.noted],
    ] as const) {
      const [rows] = await connection.query<(RowDataPacket & { token: string; times: number })[]>(query)
      const times = new Map(rows.map(row => [row.token, Number(row.times)]))
      for (const token of tokens) if (!times.has(token)) lost.push(token)
      for (const [token, count] of times) if (count > 1) duplicated.push(token)
    }
    lost.push(
      ...(await wrongFields(
        query => connection.query<RowDataPacket[]>(query.sql, query.values),
        sql.fields,
        expected,
      )),
    )
    return { lost, duplicated }
  } finally {
    await connection.end()
  }
}

type Ask = (query: { sql: string; values: unknown[] }) => Promise<[RowDataPacket[], unknown]>

async function wrongFields(ask: Ask, sql: string, expected: Expectation): Promise<string[]> {
  const customers = [...new Set([...expected.set.values()].map(entry => entry.customer))]
  if (customers.length === 0) return []
  const [rows] = await ask({ sql, values: [customers] })
  const byId = new Map(rows.map(row => [Number(row.id), row as unknown as Record<Field, string | null>]))
  return [...expected.set.values()]
    .filter(({ customer, field, allowed }) => !allowed.includes(shown(field, byId.get(customer)?.[field])))
    .map(
      ({ customer, field, allowed }) =>
        `customer ${customer} ${field}: “${allowed.join('” or “')}” expected, “${byId.get(customer)?.[field]}” found`,
    )
}

function shown(field: Field, value: string | null | undefined): string {
  const text = String(value ?? '')
  return field === 'creditLimit' ? text.replace(/(\.\d\d)0+$/, '$1') : text
}
