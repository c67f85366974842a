import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { plan } from '../plans/customers.ts'
import type { Row } from '../src/data/table-mapping.ts'

const [customers, notes] = plan.tables as [(typeof plan.tables)[0], (typeof plan.tables)[0]]

const digits = (date: Date) => date.toISOString().replace(/\D/g, '')
const moment = fc.date({
  min: new Date('1000-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})
const cents = fc
  .bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n })
  .map(value => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()))
const text = (max: number) => fc.string({ unit: 'grapheme', minLength: 1, maxLength: max })

const legacyCustomer: fc.Arbitrary<Row> = fc.record({
  CUST_NO: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  CUST_NM: text(80),
  EMAIL_ADR: fc.option(text(120)),
  PHONE_NO: fc.option(text(30)),
  CRED_LMT: cents,
  STAT_CD: fc.constantFrom('A', 'S', 'C'),
  VIP_FLG: fc.constantFrom('Y', 'N'),
  OPEN_DT: moment.map(date => digits(date).slice(0, 8)),
  OPEN_TM: moment.map(date => digits(date).slice(8, 14)),
  RVW_DT: fc.option(moment.map(date => digits(date).slice(0, 8))),
  CHG_DT: moment.map(date => digits(date).slice(0, 8)),
  CHG_TM: moment.map(date => digits(date).slice(8, 14)),
})

const extractedNote: fc.Arbitrary<Row> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  customer_id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  text: text(500),
  written_at: moment.map(date => date.toISOString().slice(0, 19).replace('T', ' ')),
})

test('every legacy customer comes back from the extracted side as it was', () => {
  fc.assert(
    fc.property(legacyCustomer, row => {
      const there = customers.toExtracted(row)!
      expect(Object.keys(there)).toEqual(customers.extracted.columns)
      expect(customers.toLegacy(there)).toEqual(row)
    }),
  )
})

test('every extracted note comes back from the legacy side as it was', () => {
  fc.assert(
    fc.property(extractedNote, row => {
      const there = notes.toLegacy(row)!
      expect(Object.keys(there)).toEqual(notes.legacy.columns)
      expect(notes.toExtracted(there)).toEqual(row)
    }),
  )
})

const sample: Row = {
  CUST_NO: 42,
  CUST_NM: 'Zoë',
  EMAIL_ADR: null,
  PHONE_NO: null,
  CRED_LMT: 123450,
  STAT_CD: 'S',
  VIP_FLG: 'Y',
  OPEN_DT: '20240229',
  OPEN_TM: '123456',
  RVW_DT: '20240131',
  CHG_DT: '20240301',
  CHG_TM: '000000',
}

test('a customer reads as the service keeps it', () => {
  expect(customers.toExtracted(sample)).toEqual({
    id: 42,
    name: 'Zoë',
    email: null,
    phone: null,
    credit_limit: '1234.50',
    status: 'suspended',
    vip: 1,
    opened_at: '2024-02-29 12:34:56',
    reviewed_on: '2024-01-31',
    updated_at: '2024-03-01 00:00:00',
  })
})

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [-5, '-0.05'],
  [-123456, '-1234.56'],
  ['9007199254740993', '90071992547409.93'],
])('%s cents are %s', (value, decimal) => {
  const there = customers.toExtracted({ ...sample, CRED_LMT: value })!
  expect(there.credit_limit).toBe(decimal)
  expect(customers.toLegacy(there)!.CRED_LMT).toBe(value)
})

test.each([
  ['STAT_CD', 'X'],
  ['STAT_CD', 'constructor'],
  ['VIP_FLG', ''],
  ['OPEN_DT', '2024'],
  ['CHG_TM', '1:00'],
])('a row whose %s is %j cannot be mapped, and says so', (column, value) => {
  expect(() => customers.toExtracted({ ...sample, [column]: value })).toThrow(
    expect.objectContaining({ code: 'ROW_UNMAPPABLE' }),
  )
})
