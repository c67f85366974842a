import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row, SqlValue, TableMapping } from '../src/data/table-mapping.ts'
import type { Plan } from '../src/plan/plan.ts'

const statusWords: Record<string, string> = { A: 'active', S: 'suspended', C: 'closed' }
const statusCodes = Object.fromEntries(Object.entries(statusWords).map(([code, word]) => [word, code]))

const customers: TableMapping = {
  legacy: {
    table: 'CUST_MST',
    key: ['CUST_NO'],
    columns: [
      'CUST_NO',
      'CUST_NM',
      'EMAIL_ADR',
      'PHONE_NO',
      'CRED_LMT',
      'STAT_CD',
      'VIP_FLG',
      'OPEN_DT',
      'OPEN_TM',
      'RVW_DT',
      'CHG_DT',
      'CHG_TM',
    ],
  },
  extracted: {
    table: 'customers',
    key: ['id'],
    columns: [
      'id',
      'name',
      'email',
      'phone',
      'credit_limit',
      'status',
      'vip',
      'opened_at',
      'reviewed_on',
      'updated_at',
    ],
  },
  toExtracted: row => ({
    id: row.CUST_NO!,
    name: row.CUST_NM!,
    email: row.EMAIL_ADR!,
    phone: row.PHONE_NO!,
    credit_limit: centsToDecimal(row.CRED_LMT),
    status: translate(row, 'STAT_CD', statusWords),
    vip: translate(row, 'VIP_FLG', { Y: 1, N: 0 }),
    opened_at: joinDateTime(row.OPEN_DT, row.OPEN_TM),
    reviewed_on: row.RVW_DT === null ? null : joinDate(row.RVW_DT),
    updated_at: joinDateTime(row.CHG_DT, row.CHG_TM),
  }),
  toLegacy: row => {
    const [openDate, openTime] = splitDateTime(row.opened_at)
    const [changeDate, changeTime] = splitDateTime(row.updated_at)
    return {
      CUST_NO: row.id!,
      CUST_NM: row.name!,
      EMAIL_ADR: row.email!,
      PHONE_NO: row.phone!,
      CRED_LMT: decimalToCents(row.credit_limit),
      STAT_CD: translate(row, 'status', statusCodes),
      VIP_FLG: translate(row, 'vip', { '1': 'Y', '0': 'N' }),
      OPEN_DT: openDate,
      OPEN_TM: openTime,
      RVW_DT: row.reviewed_on === null ? null : splitDate(row.reviewed_on),
      CHG_DT: changeDate,
      CHG_TM: changeTime,
    }
  },
}

const notes: TableMapping = {
  legacy: {
    table: 'CUST_NOTE',
    key: ['NOTE_NO'],
    columns: ['NOTE_NO', 'CUST_NO', 'NOTE_TXT', 'WRT_DT', 'WRT_TM'],
  },
  extracted: {
    table: 'customer_notes',
    key: ['id'],
    columns: ['id', 'customer_id', 'text', 'written_at'],
  },
  toExtracted: row => ({
    id: row.NOTE_NO!,
    customer_id: row.CUST_NO!,
    text: row.NOTE_TXT!,
    written_at: joinDateTime(row.WRT_DT, row.WRT_TM),
  }),
  toLegacy: row => {
    const [date, time] = splitDateTime(row.written_at)
    return { NOTE_NO: row.id!, CUST_NO: row.customer_id!, NOTE_TXT: row.text!, WRT_DT: date, WRT_TM: time }
  },
}

/** 123450 → "1234.50", without ever being a binary fraction. */
function centsToDecimal(cents: SqlValue | undefined): string {
  const all = BigInt(cents as number | string)
  const digits = (all < 0n ? -all : all).toString().padStart(3, '0')
  return `${all < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function decimalToCents(decimal: SqlValue | undefined): number | string {
  const match = /^(-?\d+)\.(\d\d)$/.exec(String(decimal))
  if (match === null) throw impossible('credit_limit', decimal)
  const cents = BigInt(`${match[1]}${match[2]}`)
  const asNumber = Number(cents)
  return Number.isSafeInteger(asNumber) ? asNumber : cents.toString()
}

function translate<T extends SqlValue>(row: Row, column: string, words: Record<string, T>): T {
  const code = String(row[column])
  if (!Object.hasOwn(words, code)) throw impossible(column, row[column])
  return words[code]!
}

function joinDate(date: SqlValue | undefined): string {
  const match = /^(\d{4})(\d\d)(\d\d)$/.exec(String(date))
  if (match === null) throw impossible('date', date)
  return `${match[1]}-${match[2]}-${match[3]}`
}

function joinDateTime(date: SqlValue | undefined, time: SqlValue | undefined): string {
  const match = /^(\d\d)(\d\d)(\d\d)$/.exec(String(time))
  if (match === null) throw impossible('time', time)
  return `${joinDate(date)} ${match[1]}:${match[2]}:${match[3]}`
}

function splitDate(date: SqlValue | undefined): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(String(date))
  if (match === null) throw impossible('date', date)
  return `${match[1]}${match[2]}${match[3]}`
}

function splitDateTime(dateTime: SqlValue | undefined): [date: string, time: string] {
  const match = /^(\S{10}) (\d\d):(\d\d):(\d\d)$/.exec(String(dateTime))
  if (match === null) throw impossible('date and time', dateTime)
  return [splitDate(match[1]), `${match[2]}${match[3]}${match[4]}`]
}

function impossible(what: string, value: SqlValue | undefined): ToolkitError {
  return new ToolkitError('ROW_UNMAPPABLE', `${JSON.stringify(value)} is not a ${what} that can be mapped`, {
    hint: 'correct that row on its own side, or widen the mapping in plans/customers.ts',
  })
}

/** What strangler.yaml tells callers apart by. */
function callerOf(subject: string): string {
  return `sid=drill-${subject}`
}

const hour = 3_600_000

/** Customers and their notes: from the shop's CUST_ tables to the customers service, and back. */
export const plan: Plan = {
  capability: 'customers',
  databases: { legacy: 'legacy', extracted: 'customers' },
  // PlaceOrder looks at a customer's status and credit in the monolith's own tables.
  readBy: ['orders'],
  tables: [customers, notes],
  writers: [
    {
      account: 'monolith',
      writes: [
        { table: 'CUST_MST', events: ['insert', 'update'] },
        { table: 'CUST_NOTE', events: ['insert'] },
      ],
      answer: 'moves',
      reason: 'the SOAP operations on customers, all of them routes of the capability',
    },
    {
      account: 'nightly',
      writes: [{ table: 'CUST_MST', events: ['update'], columns: ['RVW_DT', 'CHG_DT', 'CHG_TM'] }],
      answer: 'fenced',
      reason: 'the credit review ends loudly when it is refused, and is run against the service from then on',
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
    subjects: "SELECT CUST_NO AS id FROM CUST_MST WHERE STAT_CD = 'A' ORDER BY CUST_NO LIMIT 200",
    writes: [
      {
        name: 'AddCustomerNote over REST',
        protocol: 'rest',
        request: (subject, token) => ({
          method: 'POST',
          path: `/customers/${subject}/notes`,
          headers: {
            cookie: callerOf(subject),
            'content-type': 'application/json',
            'idempotency-key': token,
          },
          body: JSON.stringify({ text: token }),
        }),
      },
      {
        name: 'AddCustomerNote over SOAP',
        protocol: 'soap',
        request: (subject, token) => ({
          method: 'POST',
          path: '/soap',
          headers: {
            cookie: callerOf(subject),
            'content-type': 'text/xml; charset=utf-8',
            soapaction: '"urn:shop:2009#AddCustomerNote"',
          },
          body: `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><AddCustomerNote xmlns="urn:shop:2009:customers"><custNo>${subject}</custNo><text>${token}</text></AddCustomerNote></soap:Body></soap:Envelope>`,
        }),
      },
    ],
    read: {
      name: 'ListCustomerNotes over REST',
      request: subject => ({
        method: 'GET',
        path: `/customers/${subject}/notes`,
        headers: { cookie: callerOf(subject) },
        body: null,
      }),
    },
    order: {
      legacy: 'SELECT NOTE_TXT AS token, NOTE_NO AS place FROM CUST_NOTE WHERE NOTE_TXT LIKE ?',
      extracted: 'SELECT text AS token, id AS place FROM customer_notes WHERE text LIKE ?',
    },
    count: {
      legacy:
        'SELECT NOTE_TXT AS token, COUNT(*) AS times FROM CUST_NOTE WHERE NOTE_TXT LIKE ? GROUP BY NOTE_TXT',
      extracted:
        'SELECT text AS token, COUNT(*) AS times FROM customer_notes WHERE text LIKE ? GROUP BY text',
    },
  },
}
