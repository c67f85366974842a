import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { runAcl } from '../src/cli/run-acl.ts'
import { envelope, sendXml, startUpstream } from './shop-fixtures.ts'

const shop = fileURLToPath(new URL('../../legacy-monolith/wsdl/shop.wsdl', import.meta.url))
const customers = 'urn:shop:2009:customers'

async function acl(args: string[], input: readonly string[] = []) {
  let out = ''
  let error = ''
  const exit = await runAcl(args, {
    lines: (async function* () {
      yield* input
    })(),
    write: async text => {
      out += text
    },
    writeError: text => {
      error += text
    },
    untilStopped: async () => {},
  })
  return { exit, out, error }
}

test('inspect tells style, messages, faults and fidelity of every operation', async () => {
  const { exit, out } = await acl(['acl', 'inspect', shop, '--json'])
  expect(exit).toBe(0)
  const { operations, diagnostics } = JSON.parse(out)
  expect(diagnostics).toEqual([])
  expect(operations).toHaveLength(17)
  expect(operations[0]).toEqual({
    name: 'GetCustomer',
    style: 'document',
    use: 'literal',
    soap: ['1.1'],
    input: `{${customers}}GetCustomer`,
    output: `{${customers}}GetCustomerResponse`,
    faults: [{ name: 'CustomerNotFound', element: '{urn:shop:2009:common}CustomerNotFound' }],
    fidelity: 'lossless',
    notes: [],
  })
})

test.each([
  ['text', 'hello'],
  ['HTML', '<html><body/></html>'],
  ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
  ['a schema without operations', '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>'],
  ['nothing', ''],
  ['bytes that are no text', '\uFFFF\u0000'],
])('inspect exits 2 with a diagnostic for %s', async (_what, text) => {
  const file = join(mkdtempSync(join(tmpdir(), 'acl-')), 'a.wsdl')
  writeFileSync(file, text)
  const { exit, out, error } = await acl(['inspect', file, '--json'])
  expect(exit).toBe(2)
  const { operations, diagnostics } = JSON.parse(out)
  expect(operations).toEqual([])
  expect(diagnostics[0]).toEqual({
    severity: 'error',
    file: 'a.wsdl',
    line: expect.any(Number),
    message: expect.any(String),
  })
  expect(error).toBe('')
})

test('convert answers line by line, in order, and goes on after a line it refuses', async () => {
  const element = `{${customers}}GetCustomer`
  const there = await acl(
    ['convert', shop, '--to', 'xml'],
    [
      JSON.stringify({ id: 1, element, json: { custNo: 5 } }),
      '{nonsense',
      JSON.stringify({ id: 'x', element, json: { custNo: 5, 'a>b': 1 } }),
      JSON.stringify({ id: 4, element: '{urn:none}E', json: {} }),
    ],
  )
  const lines = there.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines[0]).toEqual({ id: 1, element, xml: expect.stringMatching(/custNo>5</) })
  expect(lines.slice(1)).toEqual([
    { id: null, error: { code: 'JSON_MALFORMED', message: expect.any(String), path: '' } },
    { id: 'x', error: { code: 'VALUE_REFUSED', message: expect.any(String), path: '/a>b' } },
    { id: 4, error: { code: 'ELEMENT_UNKNOWN', message: expect.any(String), path: '/element' } },
  ])
  const back = await acl(
    ['convert', shop, '--to', 'json'],
    [
      JSON.stringify({ id: 1, element, xml: lines[0].xml }),
      JSON.stringify({
        id: 2,
        element,
        xml: `<GetCustomer xmlns="${customers}"><custNo>x</custNo></GetCustomer>`,
      }),
      JSON.stringify({ id: 3, element, xml: `<Other xmlns="${customers}"/>` }),
      JSON.stringify({ id: 4, element, xml: '<!DOCTYPE a><a/>' }),
    ],
  )
  expect(
    back.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual([
    { id: 1, element, json: { custNo: 5 } },
    { id: 2, error: { code: 'MESSAGE_INVALID', message: expect.any(String), path: '/custNo' } },
    { id: 3, error: { code: 'MESSAGE_INVALID', message: expect.any(String), path: '' } },
    { id: 4, error: { code: 'XML_DOCTYPE_REFUSED', message: expect.any(String), path: '' } },
  ])
})

test('generate writes OpenAPI, types, a client and a draft that says why', async () => {
  const out = mkdtempSync(join(tmpdir(), 'acl-'))
  expect((await acl(['generate', shop, '--out', out])).exit).toBe(0)
  expect(readdirSync(out).sort()).toEqual([
    'README.md',
    'client.ts',
    'mapping-draft.ts',
    'openapi.json',
    'types.ts',
  ])
  expect(readFileSync(join(out, 'types.ts'), 'utf8')).toMatch(/custNo: number/)
  const draft = readFileSync(join(out, 'mapping-draft.ts'), 'utf8')
  expect(draft).toMatch(/get by the one required key custNo.*\n.*path: "\/customers\/\{custNo\}"/)
  expect(draft).not.toMatch(/effect: "read"/)
})

test('serve answers REST with what the endpoint says, and SOAP with what the upstream says', async () => {
  const monolith = await startUpstream((_, response) =>
    sendXml(response, envelope(`<ListCustomerNotesResponse xmlns="${customers}"/>`)),
  )
  const served = (args: string[], use: (url: string) => Promise<void>) =>
    new Promise<number>((resolve, reject) => {
      let stop: () => void = () => {}
      runAcl(args, {
        lines: (async function* () {})(),
        writeError: reject,
        untilStopped: () =>
          new Promise(done => {
            stop = done
          }),
        write: async text => void use(JSON.parse(text).url).then(() => stop(), reject),
      }).then(resolve, reject)
    })
  const rest = async (url: string) => {
    const reply = await fetch(`${url}/rpc/ListCustomerNotes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"custNo":1}',
    })
    expect(await reply.json()).toEqual({ note: [] })
    const facade = await served(['serve', shop, '--facade', '--upstream', url], async soapUrl => {
      const answer = await fetch(`${soapUrl}/soap`, {
        method: 'POST',
        headers: { 'content-type': 'text/xml' },
        body: envelope(`<ListCustomerNotes xmlns="${customers}"><custNo>1</custNo></ListCustomerNotes>`),
      })
      expect(await answer.text()).toMatch(/ListCustomerNotesResponse/)
    })
    expect(facade).toBe(0)
  }
  expect(await served(['serve', shop, '--endpoint', `${monolith.url}/soap`], rest)).toBe(0)
  await monolith.close()
})

test.each([
  [['inspect']],
  [['explode', shop]],
  [['convert', shop, '--to', 'yaml']],
  [['serve', shop]],
  [['generate', shop]],
  [['inspect', shop, '--nope']],
])('bad usage %j exits 2 with how it is used', async args => {
  const { exit, error } = await acl(args)
  expect(exit).toBe(2)
  expect(error).toMatch(/^USAGE_INVALID: /)
})

const groups = `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"><types><xs:schema targetNamespace="urn:t"><xs:element name="Plain" type="xs:int"/><xs:element name="Groups"><xs:complexType><xs:sequence maxOccurs="unbounded"><xs:element name="a" type="xs:int" minOccurs="0"/><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:schema></types>
<message name="Plain"><part name="p" element="t:Plain"/></message><message name="Groups"><part name="p" element="t:Groups"/></message>
<portType name="P"><operation name="Plain"><input message="t:Plain"/></operation><operation name="Groups"><input message="t:Groups"/></operation></portType>
<binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Plain"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation><operation name="Groups"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
<service name="S"><port name="Q" binding="t:B"/></service></definitions>`

test('inspect refuses to let operations leave the legacy side that would lose something', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'acl-')), 'groups.wsdl')
  writeFileSync(file, groups)
  const { exit, out } = await acl(['inspect', file, '--json', '--gate', 'lossless'])
  expect([exit, JSON.parse(out).refusals]).toEqual([
    3,
    [
      {
        code: 'FIDELITY',
        message: 'Groups is lossy, and has to be lossless',
        details: {
          operation: 'Groups',
          fidelity: 'lossy',
          notes: [expect.stringContaining('cannot be told apart')],
        },
      },
    ],
  ])
  expect((await acl(['inspect', file, '--gate', 'lossless', '--operations', 'Plain'])).exit).toBe(0)
  expect((await acl(['inspect', file, '--gate', 'lossy'])).exit).toBe(0)
  expect((await acl(['inspect', shop, '--gate', 'lossless'])).exit).toBe(0)
  expect((await acl(['inspect', file, '--gate', 'perfect'])).exit).toBe(2)
  expect((await acl(['inspect', file, '--gate', 'lossy', '--operations', 'Nope'])).exit).toBe(2)
})
