import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { post, startTestShop, type TestShop } from './test-shop.ts'

let shop: TestShop
const now = () => new Date('2024-02-29T12:34:56Z')

beforeAll(async () => {
  shop = await startTestShop({ now })
})
afterAll(() => shop.close())

async function create(fields: object = {}): Promise<number> {
  const { customer } = await shop.call('CreateCustomer', { name: 'Somebody', creditLimit: '10', ...fields })
  return Number(customer.custNo)
}

test('a created customer is active, has what was sent and is found by number', async () => {
  const { customer } = await shop.call('CreateCustomer', {
    name: 'Ada',
    email: 'ada@example.org',
    phone: '0049',
    creditLimit: '1234.5',
    vip: true,
  })
  expect(customer).toEqual({
    custNo: expect.stringMatching(/^\d+$/),
    name: 'Ada',
    email: 'ada@example.org',
    phone: '0049',
    creditLimit: '1234.50',
    statusCode: 'A',
    vip: 'true',
    openedAt: '2024-02-29T12:34:56Z',
    changedAt: '2024-02-29T12:34:56Z',
  })
  expect(await shop.call('GetCustomer', { custNo: customer.custNo })).toEqual({ customer })
  const [row] = await shop.query('SELECT * FROM CUST_MST WHERE CUST_NO = ?', [customer.custNo])
  expect(row).toMatchObject({ CRED_LMT: 123_450, VIP_FLG: 'Y', OPEN_DT: '20240229', OPEN_TM: '123456' })
})

test('an address that is nil or absent is answered as nil, a phone that is absent is absent', async () => {
  const absent = await create()
  const nil = await create({ email: null })
  for (const custNo of [absent, nil]) {
    const { customer } = await shop.call('GetCustomer', { custNo })
    expect(customer.email).toBeNull()
    expect(customer).not.toHaveProperty('phone')
    expect(customer).not.toHaveProperty('reviewedOn')
  }
  const { text } = await post(shop.url, {
    content: `<c:GetCustomer><c:custNo>${nil}</c:custNo></c:GetCustomer>`,
  })
  expect(text).toContain('xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"')
  expect(text).toContain('<cust:email xsi:nil="true"></cust:email>')
})

test.each([
  'Jürgen Größenwahn',
  '김철수 (서울)',
  'Party 🎉🧑‍🚀',
  `Tom & "Jerry" <tom's>`,
  ']]> &amp; &#38;',
  '  kept  as\tit is ',
  'back\\slash % _',
  'e\u0301 / \u00e9',
  '$& $1 `',
  '𝒲'.repeat(80),
])('the name %j comes back as it was sent', async name => {
  const custNo = await create({ name })
  expect((await shop.call('GetCustomer', { custNo })).customer.name).toBe(name)
  expect((await shop.query('SELECT CUST_NM FROM CUST_MST WHERE CUST_NO = ?', [custNo]))[0]?.CUST_NM).toBe(
    name,
  )
})

test('a text that looks like CDATA comes back as text', async () => {
  const created = await post(shop.url, {
    content:
      '<c:CreateCustomer><c:name>&lt;![CDATA[x]]&gt;</c:name><c:creditLimit>1</c:creditLimit></c:CreateCustomer>',
  })
  expect(created.text).toContain('<cust:name>&lt;![CDATA[x]]&gt;</cust:name>')
})

test('a credit limit below zero, and a review, are answered as they stand in the table', async () => {
  const custNo = await create()
  await shop.query("UPDATE CUST_MST SET CRED_LMT = -5, RVW_DT = '20240131' WHERE CUST_NO = ?", [custNo])
  const { customer } = await shop.call('GetCustomer', { custNo })
  expect(customer).toMatchObject({ creditLimit: '-0.05', reviewedOn: '2024-01-31' })
})

test('every violation is named at once and in order', async () => {
  const fault = await shop.fault('CreateCustomer', {
    name: ' ',
    email: 'nowhere',
    phone: '0'.repeat(31),
    creditLimit: '-1',
  })
  expect(fault).toMatchObject({ code: 'soap:Client', status: 500 })
  expect(fault.detail?.ValidationFault?.violation).toEqual([
    { field: 'name', reason: 'REQUIRED' },
    { field: 'email', reason: 'INVALID' },
    { field: 'phone', reason: 'TOO_LONG' },
    { field: 'creditLimit', reason: 'NEGATIVE' },
  ])
  expect(fault.xml).toContain('xmlns:com="urn:shop:2009:common"')
  expect(fault.xml).toContain('<com:violation><com:field>name</com:field>')
})

test('an update changes what is given, clears what is nil and leaves the rest', async () => {
  const custNo = await create({ email: 'a@b', phone: '1', vip: true })
  const renamed = await shop.call('UpdateCustomer', { custNo, name: 'Other' })
  expect(renamed.customer).toMatchObject({ name: 'Other', email: 'a@b', phone: '1', vip: 'true' })
  const cleared = await shop.call('UpdateCustomer', { custNo, email: null, phone: null, vip: false })
  expect(cleared.customer).toMatchObject({ name: 'Other', email: null, vip: 'false' })
  expect(cleared.customer).not.toHaveProperty('phone')
  const fault = await shop.fault('UpdateCustomer', { custNo, name: '' })
  expect(fault.detail?.ValidationFault?.violation).toEqual([{ field: 'name', reason: 'REQUIRED' }])
})

test('the credit limit is changed to the cent and refused beyond its bounds', async () => {
  const custNo = await create()
  const { customer } = await shop.call('ChangeCreditLimit', { custNo, creditLimit: '9999999999.99' })
  expect(customer.creditLimit).toBe('9999999999.99')
  for (const [creditLimit, reason] of [
    ['10000000000.00', 'INVALID'],
    ['1.001', 'INVALID'],
    ['many', 'INVALID'],
    ['-0.01', 'NEGATIVE'],
  ]) {
    const fault = await shop.fault('ChangeCreditLimit', { custNo, creditLimit })
    expect(fault.detail?.ValidationFault?.violation).toEqual([{ field: 'creditLimit', reason }])
  }
})

test('a status is set, and one that does not exist is refused', async () => {
  const custNo = await create()
  for (const statusCode of ['S', 'C', 'A'])
    expect((await shop.call('SetCustomerStatus', { custNo, statusCode })).customer.statusCode).toBe(
      statusCode,
    )
  expect(await shop.fault('SetCustomerStatus', { custNo, statusCode: 'X' })).toMatchObject({
    code: 'soap:Client',
    text: 'statusCode is none of A, S, C',
  })
})

test('notes are listed in order: none, one, many', async () => {
  const custNo = await create()
  expect(await shop.call('ListCustomerNotes', { custNo })).toEqual({})
  const { note } = await shop.call('AddCustomerNote', { custNo, text: 'erste <Notiz> 👍🏽' })
  expect(note).toEqual({
    noteNo: expect.stringMatching(/^\d+$/),
    custNo: String(custNo),
    text: 'erste <Notiz> 👍🏽',
    writtenAt: '2024-02-29T12:34:56Z',
  })
  expect(await shop.call('ListCustomerNotes', { custNo })).toEqual({ note: [note] })
  await shop.call('AddCustomerNote', { custNo, text: 'two\nlines' })
  const listed = await shop.list('ListCustomerNotes', { custNo }, 'note')
  expect(listed.map(({ text }) => text)).toEqual(['erste <Notiz> 👍🏽', 'two\nlines'])
})

test('a note needs a text of up to 500 characters', async () => {
  const custNo = await create()
  for (const [text, reason] of [
    ['', 'REQUIRED'],
    ['x'.repeat(501), 'TOO_LONG'],
  ]) {
    const fault = await shop.fault('AddCustomerNote', { custNo, text })
    expect(fault.detail?.ValidationFault?.violation).toEqual([{ field: 'text', reason }])
  }
})

test.each([
  ['GetCustomer', {}],
  ['UpdateCustomer', { name: 'x' }],
  ['ChangeCreditLimit', { creditLimit: '1' }],
  ['SetCustomerStatus', { statusCode: 'S' }],
  ['AddCustomerNote', { text: 'x' }],
  ['ListCustomerNotes', {}],
])('%s of a customer that does not exist is a typed fault', async (operation, args) => {
  const fault = await shop.fault(operation, { custNo: 2_000_000_000, ...args })
  expect(fault).toMatchObject({
    code: 'soap:Client',
    text: 'customer 2000000000 not found',
    status: 500,
    detail: { CustomerNotFound: { custNo: '2000000000' } },
  })
  expect(fault.xml).toContain(
    '<com:CustomerNotFound><com:custNo>2000000000</com:custNo></com:CustomerNotFound>',
  )
})

test('customers are found by prefix and status, in pages: none, one, many', async () => {
  const numbers = []
  for (const name of ['Page_%1', 'Page_%2', 'Page_%3', 'PageX1']) numbers.push(await create({ name }))
  await shop.call('SetCustomerStatus', { custNo: numbers[2], statusCode: 'S' })
  const find = async (args: object) =>
    (await shop.list('FindCustomers', args, 'customer')).map(({ custNo }) => Number(custNo))
  expect(await find({ namePrefix: 'Nobody at all' })).toEqual([])
  expect(await find({ namePrefix: 'Page_%', statusCode: 'S' })).toEqual([numbers[2]])
  expect(await find({ namePrefix: 'Page_%' })).toEqual(numbers.slice(0, 3))
  expect(await find({ namePrefix: 'Page', maxRows: 2 })).toEqual(numbers.slice(0, 2))
  expect(await find({ namePrefix: 'Page', maxRows: 2, afterNo: numbers[1] })).toEqual(numbers.slice(2))
  expect(await find({ namePrefix: "' OR 1=1 -- " })).toEqual([])
  for (const maxRows of [0, 501])
    expect(await shop.fault('FindCustomers', { maxRows })).toMatchObject({ code: 'soap:Client' })
})

test.each(['abc', '2147483648', '1.0', '', '99999999999999999999999'])(
  'custNo %j is not an int',
  async custNo => {
    expect(await shop.fault('GetCustomer', { custNo })).toMatchObject({
      code: 'soap:Client',
      text: 'custNo is not an int',
    })
  },
)

test('nothing of all this was unforeseen', () => {
  expect(shop.reported).toEqual([])
})
