import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { strictRules } from '../src/codec/decode-element.ts'
import { loadContract } from '../src/contract/load-contract.ts'
import { readEnvelope } from '../src/soap/read-envelope.ts'
import { plainFault, writeFault } from '../src/soap/write-envelope.ts'
import { plain } from './compile-schema.ts'

const { contract } = loadContract(
  fileURLToPath(new URL('../../legacy-monolith/wsdl/shop.wsdl', import.meta.url)),
)
const operation = contract.operations.get('GetCustomer')!
const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/'
const soap12 = 'http://www.w3.org/2003/05/soap-envelope'

const read = (source: string) =>
  readEnvelope(source, { contract, rules: () => strictRules, elementFor: () => operation.input.element })
const envelope = (content: string, namespace = soap11) =>
  `<s:Envelope xmlns:s="${namespace}">${content}</s:Envelope>`
const request = '<GetCustomer xmlns="urn:shop:2009:customers"><custNo>42</custNo></GetCustomer>'
const body = (content: string) => `<s:Body>${content}</s:Body>`

test.each([
  ['1.1', soap11],
  ['1.2', soap12],
])('reads a SOAP %s message', async (version, namespace) => {
  const content = await read(
    envelope(`<s:Header><x xmlns="urn:x"/></s:Header>\n${body(`\n${request}\n`)}`, namespace),
  )
  expect(content).toMatchObject({
    version,
    kind: 'message',
    element: operation.input.element?.name,
    mustUnderstand: [],
  })
  expect(content.kind === 'message' && plain(content.json)).toEqual({ custNo: 42 })
})

test.each([
  ['no envelope', '<Envelope/>', 'ENVELOPE_VERSION_UNKNOWN'],
  ['another root', '<html/>', 'ENVELOPE_MISSING'],
  ['an envelope of another namespace', envelope(body(request), 'urn:x'), 'ENVELOPE_VERSION_UNKNOWN'],
  ['no Body', envelope(''), 'ENVELOPE_INVALID'],
  ['two Bodies', envelope(body(request) + body(request)), 'ENVELOPE_INVALID'],
  [
    'a Body in a Header, and a second one',
    envelope(`<s:Header>${body(request)}</s:Header>${body(request)}<s:Body/>`),
    'ENVELOPE_INVALID',
  ],
  ['a Header after the Body', envelope(`${body(request)}<s:Header/>`), 'ENVELOPE_INVALID'],
  [
    'a Body of the other version',
    envelope(`<t:Body xmlns:t="${soap12}">${request}</t:Body>`),
    'ENVELOPE_INVALID',
  ],
  ['two requests in one Body', envelope(body(request + request)), 'ENVELOPE_INVALID'],
  ['text beside the request', envelope(body(`x${request}`)), 'ENVELOPE_INVALID'],
  ['an empty Body', envelope('<s:Body/>'), 'ENVELOPE_INVALID'],
  ['a request that is not of its schema', envelope(body(request.replace('42', 'x'))), 'MESSAGE_INVALID'],
])('refuses %s', async (_what, source, code) => {
  await expect(read(source)).rejects.toMatchObject({ code })
})

test('takes the Body of a signature-wrapping header for a header', async () => {
  const wrapped = `<s:Header><w xmlns="urn:w">${body(request.replace('42', '7'))}</w></s:Header>${body(request)}`
  expect(await read(envelope(wrapped))).toMatchObject({ json: { custNo: 42 } })
})

test.each([
  ['s:mustUnderstand="1"', soap11, 1],
  ['s:mustUnderstand="true"', soap12, 1],
  ['s:mustUnderstand="0"', soap11, 0],
  ['mustUnderstand="1"', soap11, 0],
  ['s:mustUnderstand="1" s:actor="urn:someone-else"', soap11, 0],
  ['s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"', soap11, 1],
  ['s:mustUnderstand="1" s:role="http://www.w3.org/2003/05/soap-envelope/role/none"', soap12, 0],
])('counts a header with %s', async (attributes, namespace, count) => {
  const header = `<s:Header><h xmlns="urn:h" ${attributes}><deep s:mustUnderstand="1"/></h></s:Header>`
  expect((await read(envelope(header + body(request), namespace))).mustUnderstand).toHaveLength(count)
})

const faultIn = async (content: string, namespace = soap11) => {
  const result = await read(envelope(body(content), namespace))
  return result.kind === 'fault' ? result.fault : undefined
}
const detail =
  '<f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>42</f:custNo></f:CustomerNotFound>'

test('reads a SOAP 1.1 fault with its typed detail', async () => {
  const fault = await faultIn(
    `<s:Fault><faultcode>s:Client.Unknown</faultcode><faultstring xml:lang="en">customer 42 &lt;not&gt; found</faultstring><faultactor>urn:a</faultactor><detail>${detail}<other xmlns="urn:o"><x/></other></detail></s:Fault>`,
  )
  expect(fault).toMatchObject({
    code: 'Client.Unknown',
    reason: 'customer 42 <not> found',
    actor: 'urn:a',
    undeclaredDetail: ['{urn:o}other'],
  })
  expect(plain(fault!.detail)).toEqual({ CustomerNotFound: { custNo: 42 } })
})

test('reads a SOAP 1.2 fault with subcodes, the English reason and its typed detail', async () => {
  const fault = await faultIn(
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:m="urn:m">m:A</s:Value><s:Subcode><s:Value xmlns:m="urn:m">m:B</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang="de">fehlt</s:Text><s:Text xml:lang="en">missing</s:Text></s:Reason><s:Node>urn:n</s:Node><s:Role>urn:r</s:Role><s:Detail>${detail}</s:Detail></s:Fault>`,
    soap12,
  )
  expect(fault).toMatchObject({
    code: 'Client',
    subcodes: ['{urn:m}A', '{urn:m}B'],
    reason: 'missing',
    node: 'urn:n',
    actor: 'urn:r',
  })
  expect(plain(fault!.detail)).toEqual({ CustomerNotFound: { custNo: 42 } })
})

test('keeps a fault code of the application apart, and takes an unprefixed one as it is', async () => {
  const of = (code: string) =>
    faultIn(`<s:Fault xmlns:m="urn:m"><faultcode>${code}</faultcode><faultstring/></s:Fault>`)
  expect((await of('m:Busy'))?.code).toBe('{urn:m}Busy')
  expect((await of('Server'))?.code).toBe('Server')
})

test.each(['1.1', '1.2'] as const)('reads back the SOAP %s fault it writes', async version => {
  const declared = operation.faults[0]!
  const written = writeFault(
    version,
    { code: 'Client', reason: 'a <b> & c', detail: { fault: declared, value: { custNo: 42 } } },
    contract,
  )
  const result = await read(written)
  expect(result).toMatchObject({ version, kind: 'fault', fault: { code: 'Client', reason: 'a <b> & c' } })
  expect(result.kind === 'fault' && plain(result.fault.detail)).toEqual({
    CustomerNotFound: { custNo: 42 },
  })
})

test('never lets a reason break the envelope', async () => {
  const written = writeFault('1.1', plainFault('Server', 'a\u0000b'), contract)
  expect(await read(written)).toMatchObject({ fault: { reason: 'the request failed' } })
})
