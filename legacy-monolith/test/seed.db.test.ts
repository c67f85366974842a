import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { seedShop } from '../src/seed.ts'
import { createTestSchema, type TestSchema } from './test-shop.ts'

let one: TestSchema
let two: TestSchema

beforeAll(async () => {
  one = await createTestSchema()
  two = await createTestSchema()
})
afterAll(async () => {
  await one.drop()
  await two.drop()
})

async function rowsOf(url: string, read: (connection: Connection) => Promise<unknown>): Promise<unknown> {
  const connection = await createConnection({ uri: url, charset: 'utf8mb4' })
  try {
    return await read(connection)
  } finally {
    await connection.end()
  }
}

const select = (sql: string) => async (connection: Connection) =>
  (await connection.query<RowDataPacket[]>(sql))[0]

test('the same seed gives the same rows, and a shop that has customers is left alone', async () => {
  const counts = await seedShop(one.url, { customers: 1_200, seed: 7 })
  expect(counts).toMatchObject({ customers: 1_200, products: 500, orders: 300 })
  expect(await seedShop(two.url, { customers: 1_200, seed: 7 })).toEqual(counts)
  const tables = 'CUST_MST, CUST_NOTE, PRD_MST, ORD_HDR, ORD_LINE'
  const checksums = async (url: string) =>
    ((await rowsOf(url, select(`CHECKSUM TABLE ${tables}`))) as { Checksum: number }[]).map(
      row => row.Checksum,
    )
  expect(await checksums(two.url)).toEqual(await checksums(one.url))
  expect(await seedShop(one.url, { customers: 5, seed: 8 })).toEqual(counts)
})

test('the rows hold what breaks careless code', async () => {
  const [found] = (await rowsOf(
    one.url,
    select(`SELECT SUM(EMAIL_ADR IS NULL) email, SUM(PHONE_NO IS NULL) phone, SUM(RVW_DT IS NULL) review,
      SUM(CRED_LMT = 0) zero, SUM(CRED_LMT < 0) negative, SUM(CHAR_LENGTH(CUST_NM) = 80) longest,
      SUM(CUST_NM LIKE '%🎉%') emoji, SUM(CUST_NM REGEXP '[가-힣]') hangul, SUM(CUST_NM LIKE '%<%&%' OR CUST_NM LIKE '%&%<%') markup,
      SUM(PHONE_NO LIKE '00%') zeros FROM CUST_MST`),
  )) as Record<string, string>[]
  for (const [what, count] of Object.entries(found!)) expect([what, Number(count) > 0]).toEqual([what, true])
  const notes = (await rowsOf(
    one.url,
    select('SELECT COUNT(NOTE_NO) n FROM CUST_MST LEFT JOIN CUST_NOTE USING (CUST_NO) GROUP BY CUST_NO'),
  )) as { n: number }[]
  const numbers = notes.map(row => Number(row.n))
  expect(numbers).toEqual(expect.arrayContaining([0, 1]))
  expect(Math.max(...numbers)).toBeGreaterThanOrEqual(30)
})

test('open orders stay within the credit limit and every order is the sum of its lines', async () => {
  const overdrawn =
    select(`SELECT CUST_NO FROM ORD_HDR JOIN CUST_MST USING (CUST_NO) WHERE ORD_HDR.STAT_CD = 'O'
    GROUP BY CUST_NO, CRED_LMT HAVING SUM(TOT_AMT) > CRED_LMT`)
  const wrong = select(`SELECT ORD_NO FROM ORD_HDR JOIN ORD_LINE USING (ORD_NO)
    GROUP BY ORD_NO, TOT_AMT HAVING SUM(QTY * UNIT_PRC) <> TOT_AMT`)
  expect(await rowsOf(one.url, overdrawn)).toEqual([])
  expect(await rowsOf(one.url, wrong)).toEqual([])
})
