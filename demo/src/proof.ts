import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Added, Expectation, ExpectedField, Owned } from './traffic/ledger.ts'

export type SideProof = { lost: string[]; duplicated: string[] }
export type Proof = { legacy: SideProof; extracted: SideProof; lost: number; duplicated: number }

/** How one side's databases are asked. Values come as text, exactly as REST and SOAP show them. */
type Sql = { added: Record<Added, string>; fields: Record<Owned, string>; stock: string }

const legacySql: Sql = {
  added: {
    customer: `SELECT EMAIL_ADR AS token, COUNT(*) AS times FROM legacy_shop.CUST_MST WHERE EMAIL_ADR LIKE '%@ledger.example' GROUP BY EMAIL_ADR`,
    note: `SELECT NOTE_TXT AS token, COUNT(*) AS times FROM legacy_shop.CUST_NOTE WHERE NOTE_TXT LIKE 'ledger %' GROUP BY NOTE_TXT`,
    product: `SELECT SKU AS token, COUNT(*) AS times FROM legacy_shop.PRD_MST GROUP BY SKU`,
  },
  fields: {
    customer: `SELECT CUST_NO AS id, CUST_NM AS name, PHONE_NO AS phone, CAST(CRED_LMT AS DECIMAL(17,2)) / 100 AS creditLimit FROM legacy_shop.CUST_MST WHERE CUST_NO IN (?)`,
    product: `SELECT SKU AS id, CAST(PRC AS DECIMAL(17,2)) / 100 AS price FROM legacy_shop.PRD_MST WHERE SKU IN (?)`,
  },
  stock: `SELECT SKU AS sku, STK_QTY AS stock FROM legacy_shop.PRD_MST WHERE SKU IN (?)`,
}
const extractedSql: Sql = {
  added: {
    customer: `SELECT email AS token, COUNT(*) AS times FROM customers.customers WHERE email LIKE '%@ledger.example' GROUP BY email`,
    note: `SELECT text AS token, COUNT(*) AS times FROM customers.customer_notes WHERE text LIKE 'ledger %' GROUP BY text`,
    product: `SELECT sku AS token, COUNT(*) AS times FROM catalog.products GROUP BY sku`,
  },
  fields: {
    customer: `SELECT id, name, phone, credit_limit AS creditLimit FROM customers.customers WHERE id IN (?)`,
    product: `SELECT sku AS id, price FROM catalog.products WHERE sku IN (?)`,
  },
  stock: `SELECT sku, quantity AS stock FROM catalog.stock WHERE sku IN (?)`,
}

/**
 * Holds both sides' databases against the ledger: everything added is there exactly once, the last acknowledged value of
 * each field is in place, and stock has moved by the sum of its movements. Reads them directly, past every part of the
 * system under proof.
 * @param adminUrl an account that may read all schemas
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
    for (const what of ['customer', 'note', 'product'] as const) {
      const tokens = expected.added[what]
      if (tokens.size === 0) continue
      const rows = await select(connection, sql.added[what])
      const times = new Map(rows.map(row => [String(row.token), Number(row.times)]))
      for (const token of tokens) if (!times.has(token)) lost.push(`${what} ${token}`)
      for (const [token, count] of times) if (count > 1) duplicated.push(`${what} ${token}`)
    }
    for (const what of ['customer', 'product'] as const) {
      const fields = expected.set.filter(field => field.what === what)
      lost.push(...(await wrongFields(connection, sql.fields[what], fields)))
    }
    const stock = await wrongStock(connection, sql.stock, expected)
    return { lost: [...lost, ...stock.lost], duplicated: [...duplicated, ...stock.duplicated] }
  } finally {
    await connection.end()
  }
}

async function select(connection: Connection, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, values)
  return rows
}

async function wrongFields(
  connection: Connection,
  sql: string,
  fields: readonly ExpectedField[],
): Promise<string[]> {
  if (fields.length === 0) return []
  const rows = await select(connection, sql, [[...new Set(fields.map(({ id }) => id))]])
  const byId = new Map(rows.map(row => [String(row.id), row]))
  return fields.flatMap(({ what, id, field, allowed }) => {
    const found = shown(field, byId.get(id)?.[field])
    return allowed.includes(found)
      ? []
      : [`${what} ${id} ${field}: “${allowed.join('” or “')}” expected, “${found}” found`]
  })
}

/** Too little has moved where a movement was lost, too much where one was applied twice. */
async function wrongStock(connection: Connection, sql: string, { moved }: Expectation): Promise<SideProof> {
  const lost: string[] = []
  const duplicated: string[] = []
  if (moved.size === 0) return { lost, duplicated }
  const rows = await select(connection, sql, [[...moved.keys()]])
  const found = new Map(rows.map(row => [String(row.sku), Number(row.stock)]))
  for (const [sku, { least, most }] of moved) {
    const stock = found.get(sku)
    if (stock !== undefined && stock >= least && stock <= most) continue
    const text = `stock of ${sku}: ${least === most ? least : `${least} to ${most}`} expected, ${stock ?? 'nothing'} found`
    ;(stock === undefined || stock > most ? lost : duplicated).push(text)
  }
  return { lost, duplicated }
}

/** An amount without the zeros that a division appends. */
function shown(field: string, value: unknown): string {
  const text = String(value ?? '')
  return field === 'creditLimit' || field === 'price' ? text.replace(/(\.\d\d)0+$/, '$1') : text
}
