import { expect, test } from '@jest/globals'
import { type Operation, readMessage } from '../src/soap/read-message.ts'

const soap = 'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const operations = new Map<string, Operation>([
  [
    'PlaceOrder',
    { namespace: 'urn:o', shape: { custNo: 'xs:int', note: 'xs:string', 'line[]': { sku: 'xs:string' } } },
  ],
])

const read = (xml: string) => readMessage(xml, operations)
const inBody = (content: string) =>
  read(`<s:Envelope ${soap} ${xsi}><s:Body>${content}</s:Body></s:Envelope>`)

test('the same message is read whatever its prefixes are', () => {
  const expected = { custNo: '1', line: [{ sku: 'A' }] }
  const prefixed = inBody(
    '<p:PlaceOrder xmlns:p="urn:o"><p:custNo>1</p:custNo><p:line><p:sku>A</p:sku></p:line></p:PlaceOrder>',
  )
  const plain = inBody('<PlaceOrder xmlns="urn:o"><custNo>1</custNo><line><sku>A</sku></line></PlaceOrder>')
  expect(JSON.parse(JSON.stringify(prefixed.arguments))).toEqual(expected)
  expect(JSON.parse(JSON.stringify(plain.arguments))).toEqual(expected)
})

test('nil, empty, absent and white space are told apart', () => {
  const note = (content: string) => inBody(`<PlaceOrder xmlns="urn:o">${content}</PlaceOrder>`).arguments.note
  expect(note('')).toBeUndefined()
  expect(note('<note/>')).toBe('')
  expect(note('<note xsi:nil="true"/>')).toBeNull()
  expect(note('<note xsi:nil="1"/>')).toBeNull()
  expect(note('<note xsi:nil="false">a</note>')).toBe('a')
  expect(note('<note nil="true">a</note>')).toBe('a')
  expect(note('<note>  a <!-- b --> c&#13;</note>')).toBe('  a  c\r')
  expect(note('<note><![CDATA[<?xml version="1.0"?><a/>]]></note>')).toBe('<?xml version="1.0"?><a/>')
})

test('a list has as many items as there are elements', () => {
  const lines = (content: string) =>
    inBody(`<PlaceOrder xmlns="urn:o">${content}</PlaceOrder>`).arguments.line
  expect(lines('')).toBeUndefined()
  expect(lines('<line/>')).toHaveLength(1)
  expect(lines('<line/><custNo>1</custNo><line/>')).toHaveLength(2)
})

test.each([
  [
    'an element of another namespace',
    '<PlaceOrder xmlns="urn:o"><custNo xmlns="urn:x">1</custNo></PlaceOrder>',
  ],
  ['an element of no namespace', '<p:PlaceOrder xmlns:p="urn:o"><custNo>1</custNo></p:PlaceOrder>'],
  ['an unknown element', '<PlaceOrder xmlns="urn:o"><other/></PlaceOrder>'],
  ['a prototype member', '<PlaceOrder xmlns="urn:o"><toString/></PlaceOrder>'],
  ['__proto__', '<PlaceOrder xmlns="urn:o"><__proto__>1</__proto__></PlaceOrder>'],
  ['another prototype member', '<PlaceOrder xmlns="urn:o"><constructor/></PlaceOrder>'],
  [
    'a repeated single element',
    '<PlaceOrder xmlns="urn:o"><custNo>1</custNo><custNo>2</custNo></PlaceOrder>',
  ],
  ['an element within text', '<PlaceOrder xmlns="urn:o"><custNo><a/></custNo></PlaceOrder>'],
  ['text among elements', '<PlaceOrder xmlns="urn:o">1</PlaceOrder>'],
  ['an operation of another namespace', '<PlaceOrder xmlns="urn:x"/>'],
  ['an unknown operation', '<Drop xmlns="urn:o"/>'],
  ['an empty body', ''],
  ['two operations', '<PlaceOrder xmlns="urn:o"/><PlaceOrder xmlns="urn:o"/>'],
])('%s is refused', (_, content) => {
  expect(() => inBody(content)).toThrow(expect.objectContaining({ name: 'SoapFault', code: 'Client' }))
})

test.each([
  ['nothing', ''],
  ['text', 'hello'],
  ['an unclosed tag', '<a>'],
  ['two roots', '<a/><b/>'],
  ['an unbound prefix', '<a:b/>'],
  ['a document type', `<!DOCTYPE a [<!ENTITY e "x">]><s:Envelope ${soap}><s:Body/></s:Envelope>`],
  ['an undefined entity', '<a>&e;</a>'],
  ['a processing instruction', '<?go now?><a/>'],
  ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'],
  ['a nesting without end', '<a>'.repeat(40) + '</a>'.repeat(40)],
  ['elements without end', `<a>${'<b/>'.repeat(5_001)}</a>`],
  ['attributes without end', `<a ${Array.from({ length: 65 }, (_, n) => `a${n}=""`).join(' ')}/>`],
  ['no envelope', '<a/>'],
  ['an envelope without a body', `<s:Envelope ${soap}/>`],
  ['something after the body', `<s:Envelope ${soap}><s:Body/><s:Body/></s:Envelope>`],
])('%s is refused as a request', (_, xml) => {
  expect(() => read(xml)).toThrow(expect.objectContaining({ name: 'SoapFault', code: 'Client' }))
})

test('an envelope of SOAP 1.2 is another version', () => {
  const xml = '<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Body/></Envelope>'
  expect(() => read(xml)).toThrow(expect.objectContaining({ code: 'VersionMismatch' }))
})

test('a header may be sent, yet not one that must be understood here', () => {
  const withHeader = (attributes: string) =>
    read(
      `<s:Envelope ${soap}><s:Header><x:h xmlns:x="urn:x" ${attributes}/></s:Header><s:Body><PlaceOrder xmlns="urn:o"/></s:Body></s:Envelope>`,
    )
  expect(withHeader('').operation).toBe('PlaceOrder')
  expect(withHeader('s:mustUnderstand="1" s:actor="urn:somebody"').operation).toBe('PlaceOrder')
  expect(() => withHeader('s:mustUnderstand="1"')).toThrow(
    expect.objectContaining({ code: 'MustUnderstand' }),
  )
})
