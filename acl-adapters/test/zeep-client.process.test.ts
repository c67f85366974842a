import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { pythonWith, soapPeers } from '../src/test-support/python-packages.ts'
import {
  customerJson,
  customerNotFound,
  sendJson,
  startShopAdapters,
  startUpstream,
} from './shop-fixtures.ts'
import { serveAcl, startPython } from './spawned.ts'

/** zeep as a client of the SOAP façade: it loads the WSDL from it, imports and all. */
const python = await pythonWith(soapPeers)
const check = python === undefined ? test.skip : test
const opened: { close(): Promise<void> }[] = []
const folder = mkdtempSync(join(tmpdir(), 'zeep-'))

afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
  rmSync(folder, { recursive: true })
})

type Call = [operation: string, input: Record<string, unknown>]

async function zeep(wsdl: string, calls: readonly Call[]) {
  const script = fileURLToPath(new URL('zeep-client.py', import.meta.url))
  const { command, env } = python!
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(command, [script, wsdl], { env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(stderr || error.message)),
    )
    child.stdin!.end(calls.map(call => `${JSON.stringify(call)}\n`).join(''))
  })
  return output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

check(
  'calls the shop, whose customers are served over REST',
  async () => {
    const service = await startUpstream(({ method, path }, response) => {
      if (path === '/customers/404') sendJson(response, customerNotFound, 404)
      else if (method === 'GET' && path.startsWith('/customers?'))
        sendJson(response, { items: [customerJson] })
      else if (path === '/customers/42') sendJson(response, customerJson)
      else sendJson(response, { ...customerJson, id: 43, email: 'a@b' }, 201)
    })
    const adapters = await startShopAdapters({ service: service.url })
    opened.push(service, adapters)
    const customer = {
      custNo: 42,
      name: 'Ann & Söhne',
      email: null,
      phone: null,
      creditLimit: '1234.50',
      statusCode: 'S',
      vip: true,
      openedAt: '2024-02-29T12:34:56+00:00',
      reviewedOn: null,
      changedAt: '2024-03-01T00:00:00+00:00',
    }
    const results = await zeep(`${adapters.facadeUrl}/soap?wsdl`, [
      ['GetCustomer', { custNo: 42 }],
      ['FindCustomers', { namePrefix: 'Ann', maxRows: 1 }],
      ['CreateCustomer', { name: '<b> & "c" 🚚', creditLimit: '0.10', email: 'a@b' }],
      ['GetCustomer', { custNo: 404 }],
    ])
    expect(results).toEqual([
      { result: customer },
      { result: [customer] },
      { result: { ...customer, custNo: 43, email: 'a@b' } },
      {
        fault: 'soap:Client',
        message: 'customer 404 not found',
        detail: ['{urn:shop:2009:common}CustomerNotFound'],
      },
    ])
    const created = service.received.find(({ method }) => method === 'POST')
    expect(JSON.parse(created!.body)).toMatchObject({
      name: '<b> & "c" 🚚',
      creditLimit: '0.10',
      email: 'a@b',
    })
  },
  120_000,
)

check(
  'reaches a server of spyne through both façades, and gets what it gets from spyne itself',
  async () => {
    const service = await startPython(python!, 'spyne-service.py')
    opened.push(service)
    const wsdl = join(folder, 'stock.wsdl')
    writeFileSync(wsdl, await (await fetch(`${service.firstLine}?wsdl`)).text())
    const rest = await serveAcl(wsdl, '--endpoint', service.firstLine)
    opened.push(rest)
    const soap = await serveAcl(wsdl, '--facade', '--upstream', rest.url)
    opened.push(soap)
    const parts = [{ code: '1', name: 'n', weight: '0.1', note: null, tags: ['x', 'y'] }]
    const calls: Call[] = [
      ['GetShelf', { id: 9_007_199_254_740 }],
      ['Repeat', { text: 'x & <y>', times: 2 }],
      ['Repeat', { text: 'x', times: 0 }],
      ['Echo', { shelf: { id: 1, full: true, load: 1.5, parts: { Part: parts } } }],
      ['Weigh', { parts: { Part: [...parts, ...parts] } }],
      ['Ping', {}],
      ['GetShelf', { id: 404 }],
    ]
    const direct = await zeep(`${service.firstLine}?wsdl`, calls)
    const through = await zeep(`${soap.url}/soap?wsdl`, calls)
    expect(direct[4]).toEqual({ result: '0.2' })
    expect(through.slice(0, 6)).toEqual(direct.slice(0, 6))
    expect(through[6]).toEqual({ ...direct[6], fault: 'soap:Client.ShelfMissing' })
  },
  120_000,
)
