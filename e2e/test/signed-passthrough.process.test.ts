import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WSSecurityCert } from 'soap'
import { request } from 'undici'
import { SignedXml } from 'xml-crypto'

/** A signed message on its way through the proxy: a signature breaks at the first byte that is written anew. */
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'signed-'))
const file = (name: string) => join(folder, name)
const received: Buffer[] = []
const reply = Buffer.from(
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>\r\n ',
)
const monolith = createServer(async (incoming, response) => {
  received.push(await buffer(incoming))
  response.writeHead(200, { 'content-type': 'text/xml' }).end(reply)
})
let proxy: ChildProcess
let url = ''

beforeAll(async () => {
  const subject = ['-days', '2', '-subj', '/CN=client']
  const keys = ['-keyout', file('key.pem'), '-out', file('certificate.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...keys, ...subject], {
    stdio: 'ignore',
  })
  await once(monolith.listen(0, '127.0.0.1'), 'listening')
  const { port } = monolith.address() as AddressInfo
  writeFileSync(
    file('strangler.yaml'),
    `version: 1
upstreams:
  monolith: { url: "http://127.0.0.1:${port}" }
default: monolith
capabilities:
  customers:
    stage: legacy
    writes: legacy
    data: none
    routes:
      - { soap: "/soap#GetCustomer", effect: read, legacy: monolith, extracted: monolith }
`,
  )
  const main = join(root, 'strangler-proxy/src/main.ts')
  const args = [
    'proxy',
    '--config',
    file('strangler.yaml'),
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ]
  proxy = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, STRANGLER_TOKEN: 'token-of-the-test' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(proxy.stdout!, 'data')
  url = JSON.parse(String(line).split('\n')[0]!).url
}, 60_000)

afterAll(async () => {
  const ended = once(proxy, 'exit')
  proxy.kill('SIGTERM')
  await ended
  await new Promise(resolve => monolith.close(resolve))
  rmSync(folder, { recursive: true })
}, 30_000)

const { DOMParser } = createRequire(createRequire(import.meta.url).resolve('xml-crypto'))('@xmldom/xmldom')

function verifies(xml: string): boolean {
  const document = new DOMParser().parseFromString(xml, 'text/xml')
  const [signature] = Array.from(
    document.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature'),
  )
  const publicCert = readFileSync(file('certificate.pem'), 'utf8')
  const verifier = new SignedXml({ publicCert, idMode: 'wssecurity' })
  verifier.loadSignature(signature as never)
  try {
    return verifier.checkSignature(xml)
  } catch {
    return false
  }
}

test('a signed message reaches the monolith byte for byte, and its reply comes back so', async () => {
  const envelope = `<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- kept -->\n<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"\n  xmlns:unused='urn:x'><soap:Header></soap:Header><soap:Body><q:GetCustomer  xmlns:q="urn:shop:2009:customers">\n\t<q:custNo>42</q:custNo ><![CDATA[ ]]>&#x20;</q:GetCustomer></soap:Body></soap:Envelope>\n`
  const key = readFileSync(file('key.pem'), 'utf8')
  const signer = new WSSecurityCert(key, readFileSync(file('certificate.pem'), 'utf8'), '', {
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  })
  const sent = Buffer.from(signer.postProcess(envelope, 'soap'))
  const answer = await request(`${url}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:shop:2009#GetCustomer"' },
    body: sent,
  })
  expect(answer.statusCode).toBe(200)
  expect(Buffer.from(await answer.body.arrayBuffer()).equals(reply)).toBe(true)
  expect(received).toHaveLength(1)
  expect(received[0]!.equals(sent)).toBe(true)
  expect(verifies(received[0]!.toString())).toBe(true)
  expect(verifies(received[0]!.toString().replace('>42<', '>43<'))).toBe(false)
}, 30_000)
