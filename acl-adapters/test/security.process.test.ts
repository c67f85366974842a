import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SignedXml } from 'xml-crypto'
import { pythonWith, soapPeers } from '../src/test-support/python-packages.ts'
import { startRawUpstream } from './raw-upstream.ts'
import { customerJson, envelope, sendJson, shopWsdl, startUpstream } from './shop-fixtures.ts'
import { serveAcl } from './spawned.ts'

/** WS-Security of the command line's façades, with peers that nobody here wrote: zeep, and xml-crypto. */
const python = await pythonWith(soapPeers)
const folder = mkdtempSync(join(tmpdir(), 'security-'))
const opened: { close(): Promise<void> }[] = []
const file = (name: string) => join(folder, name)

beforeAll(() => {
  writeFileSync(file('users.json'), '{"ann": "secret"}')
  writeFileSync(file('token.json'), '{"username": "ann", "password": "secret"}')
  writeFileSync(file('wrong.json'), '{"username": "ann", "pass": "secret"}')
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      file('key.pem'),
      '-out',
      file('certificate.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=acl',
    ],
    { stdio: 'ignore' },
  )
}, 60_000)

afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
  rmSync(folder, { recursive: true })
})

const notes = '<ListCustomerNotesResponse xmlns="urn:shop:2009:customers"/>'

async function callNotes(url: string) {
  const reply = await fetch(`${url}/rpc/ListCustomerNotes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"custNo":1}',
  })
  return { status: reply.status, body: await reply.json() }
}

test('sends a UsernameToken that the SOAP façade takes, and a signature that xml-crypto verifies', async () => {
  const upstream = await startRawUpstream({ contentType: 'text/xml', body: envelope(notes) })
  const rest = await serveAcl(
    shopWsdl,
    ...['--endpoint', upstream.url, '--username-token', file('token.json')],
    ...['--sign-key', file('key.pem'), '--sign-certificate', file('certificate.pem')],
  )
  opened.push(upstream, rest)
  expect(await callNotes(rest.url)).toEqual({ status: 200, body: { note: [] } })
  const sent = upstream.received[0]!.body.toString()
  expect(sent).toMatch(/<wsse:Username>ann</)
  expect(sent).not.toContain('secret')
  expect(verifies(sent)).toBe(true)
  expect(verifies(sent.replace('custNo>1<', 'custNo>2<'))).toBe(false)
}, 60_000)

const { DOMParser } = createRequire(createRequire(import.meta.url).resolve('xml-crypto'))('@xmldom/xmldom')

function verifies(xml: string): boolean {
  const document = new DOMParser().parseFromString(xml, 'text/xml')
  const signature = document.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature')[0]
  const verifier = new SignedXml({
    publicCert: readFileSync(file('certificate.pem'), 'utf8'),
    idMode: 'wssecurity',
  })
  verifier.loadSignature(signature)
  const references = verifier.getReferences().length
  try {
    return verifier.checkSignature(xml) && references >= 2
  } catch {
    return false
  }
}

test('the token is taken from one façade to the other, and its lack is a fault of WS-Security', async () => {
  const service = await startUpstream((_, response) => sendJson(response, { note: [] }))
  const soap = await serveAcl(
    shopWsdl,
    '--facade',
    '--upstream',
    service.url,
    '--wsse-users',
    file('users.json'),
  )
  const named = await serveAcl(
    shopWsdl,
    '--endpoint',
    `${soap.url}/soap`,
    '--username-token',
    file('token.json'),
  )
  const nameless = await serveAcl(shopWsdl, '--endpoint', `${soap.url}/soap`)
  opened.push(service, soap, named, nameless)
  expect(await callNotes(named.url)).toEqual({ status: 200, body: { note: [] } })
  expect(await callNotes(nameless.url)).toMatchObject({
    status: 401,
    body: { fault: { code: expect.stringMatching(/\}InvalidSecurity$/) } },
  })
  expect(service.received).toHaveLength(1)
}, 60_000)

test.each([
  ['--username-token', 'wrong.json', 'SECURITY_FILE_INVALID'],
  ['--sign-key', 'key.pem', 'USAGE_INVALID'],
])('refuses %s %s at the start', async (flag, name, code) => {
  const main = fileURLToPath(new URL('../src/acl-main.ts', import.meta.url))
  const args = [main, 'serve', shopWsdl, '--endpoint', 'http://127.0.0.1:1', flag, file(name)]
  const error = await new Promise<string>(resolve =>
    execFile(process.execPath, args, (_error, _stdout, stderr) => resolve(stderr)),
  )
  expect(error).toContain(code)
  expect(error).not.toContain('secret')
})

const check = python === undefined ? test.skip : test
check.each([
  ['text', false, 'secret', 42],
  ['digest', true, 'secret', 42],
  ['wrong', true, 'guess', undefined],
])(
  'lets zeep in by a password as %s',
  async (_what, digest, password, custNo) => {
    const service = await startUpstream((_, response) => sendJson(response, customerOf()))
    const soap = await serveAcl(
      shopWsdl,
      '--facade',
      '--upstream',
      service.url,
      '--wsse-users',
      file('users.json'),
    )
    opened.push(service, soap)
    const script = fileURLToPath(new URL('zeep-client.py', import.meta.url))
    const options = JSON.stringify({ username: 'ann', password, digest })
    const output = await new Promise<string>((resolve, reject) => {
      const args = [script, `${soap.url}/soap?wsdl`, options]
      const child = execFile(python!.command, args, { env: python!.env }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr || error.message)),
      )
      child.stdin!.end('["GetCustomer", {"custNo": 42}]\n["GetCustomer", {"custNo": 42}]\n')
    })
    const results = output
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    // Each call has a nonce of its own, so the second is no repetition.
    if (custNo !== undefined) expect(results.map(({ result }) => result.custNo)).toEqual([custNo, custNo])
    else expect(results[0].fault).toMatch(/FailedAuthentication$/)
  },
  60_000,
)

function customerOf() {
  const { id, status: _status, reviewedOn: _reviewedOn, updatedAt, phone: _phone, ...rest } = customerJson
  return { customer: { custNo: id, statusCode: 'S', changedAt: updatedAt, ...rest } }
}
