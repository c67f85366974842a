import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runNightlyBatch } from '../src/nightly-batch.ts'
import { seedShop } from '../src/seed.ts'
import { runMain } from './run-main.ts'
import { startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop
const now = () => new Date('2030-01-02T03:04:05Z')

beforeAll(async () => {
  shop = await startTestShop()
  await seedShop(shop.databaseUrl, { customers: 180, seed: 1 })
})
afterAll(() => shop.close())

const reviewed = async (date: string) =>
  (await shop.query('SELECT STAT_CD, CHG_DT, CHG_TM FROM CUST_MST WHERE RVW_DT = ?', [date])).map(row => ({
    ...row,
  }))

test('a slice is reviewed to the row, in the order of the number', async () => {
  expect(await runNightlyBatch(shop.databaseUrl, { limit: 60, now })).toEqual({ reviewed: 60, refused: null })
  const rows = await reviewed('20300102')
  expect(rows).toHaveLength(60)
  expect(rows[0]).toEqual({ STAT_CD: 'A', CHG_DT: '20300102', CHG_TM: '030405' })
  const [row] = await shop.query(
    "SELECT COUNT(*) n FROM CUST_MST WHERE STAT_CD = 'A' AND CUST_NO <= (SELECT MAX(CUST_NO) FROM CUST_MST WHERE RVW_DT = '20300102')",
  )
  expect(Number(row?.n)).toBe(60)
  expect(await runNightlyBatch(shop.databaseUrl, { limit: 0, now })).toEqual({ reviewed: 0, refused: null })
})

test('all active customers are reviewed and no others', async () => {
  const [active] = await shop.query("SELECT COUNT(*) n FROM CUST_MST WHERE STAT_CD = 'A'")
  const { stdout, code } = await runMain('nightly-batch-main.ts', { DATABASE_URL: shop.databaseUrl })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ reviewed: Number(active?.n), refused: null })
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const rows = await reviewed(today)
  expect(rows).toHaveLength(Number(active?.n))
  expect(new Set(rows.map(row => row.STAT_CD))).toEqual(new Set(['A']))
})

test('a refusal is loud, in the words of the database, and keeps what was committed before', async () => {
  await shop.query('UPDATE CUST_MST SET RVW_DT = NULL')
  const [row] = await shop.query(
    "SELECT CUST_NO FROM CUST_MST WHERE STAT_CD = 'A' ORDER BY CUST_NO LIMIT 1 OFFSET 69",
  )
  await shop.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON CUST_MST FOR EACH ROW BEGIN IF NEW.CUST_NO = ${row?.CUST_NO} THEN
     SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT = 'written elsewhere now'; END IF; END`,
  )
  const { stdout, stderr, code } = await runMain('nightly-batch-main.ts', { DATABASE_URL: shop.databaseUrl })
  expect(code).toBe(1)
  expect(stderr).toContain('written elsewhere now')
  expect(JSON.parse(stdout)).toEqual({ reviewed: 50, refused: 'written elsewhere now' })
  const [after] = await shop.query('SELECT COUNT(*) n FROM CUST_MST WHERE RVW_DT IS NOT NULL')
  expect(Number(after?.n)).toBe(50)
})

test.each(['x', '-1', '1.5'])('the limit %j is refused', async limit => {
  const { stderr, code } = await runMain('nightly-batch-main.ts', { DATABASE_URL: shop.databaseUrl }, [
    `--limit=${limit}`,
  ])
  expect([code, stderr]).toEqual([2, '--limit must be a whole number from 0 to 10000000.\n'])
})
