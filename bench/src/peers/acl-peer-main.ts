import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import express from 'express'
import { createClientAsync, listen } from 'soap'
import { Pool } from 'undici'

/**
 * The servers that the adapters are measured against, one a process: `ROLE WSDL [URL]`.
 * soap, rest: answer GetCustomer at once. undici: posts one and the same envelope to URL. naive: express and a
 * client of `soap`. listen: `soap.listen` on express, asking URL through axios.
 */
const [role = '', wsdl = '', url = ''] = process.argv.slice(2)
const customer = {
  custNo: 42,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  creditLimit: '1234.50',
  statusCode: 'A',
  vip: true,
  openedAt: '2024-02-29T12:34:56Z',
  changedAt: '2024-02-29T12:34:56Z',
}
const namespace = 'urn:shop:2009:customers'
const fields = Object.entries(customer).map(([name, value]) => `<c:${name}>${value}</c:${name}>`)
const soapReply = `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><c:GetCustomerResponse xmlns:c="${namespace}"><c:customer>${fields.join('')}</c:customer></c:GetCustomerResponse></soap:Body></soap:Envelope>`
const soapRequest = `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><c:GetCustomer xmlns:c="${namespace}"><c:custNo>42</c:custNo></c:GetCustomer></soap:Body></soap:Envelope>`

async function drain(request: IncomingMessage): Promise<void> {
  for await (const _ of request);
}

function canned(type: string, body: string): RequestListener {
  return async (request, response) => {
    await drain(request)
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
  }
}

function undiciListener(): RequestListener {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: 128 })
  return async (request, response) => {
    await drain(request)
    const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:shop:2009#GetCustomer"' }
    const reply = await pool.request({ method: 'POST', path: pathname, headers, body: soapRequest })
    const body = Buffer.from(await reply.body.arrayBuffer())
    response.writeHead(200, { 'content-type': 'text/xml', 'content-length': body.length }).end(body)
  }
}

async function naiveListener(): Promise<RequestListener> {
  const client = await createClientAsync(wsdl, {}, url)
  const app = express()
  app.use(express.json())
  app.post('/rpc/GetCustomer', async (request, response) => {
    const [reply] = await client.GetCustomerAsync(request.body)
    response.json(reply)
  })
  return app
}

async function start(): Promise<number> {
  if (role === 'listen') {
    const app = express()
    const server = createServer(app)
    const GetCustomer = async (input: unknown) => (await axios.post(`${url}/rpc/GetCustomer`, input)).data
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    listen(app as unknown as Server, {
      path: '/soap',
      services: { ShopService: { ShopPort: { GetCustomer } } },
      xml: readFileSync(wsdl, 'utf8'),
      uri: wsdl,
      // The load generator reads a Content-Length.
      enableChunkedEncoding: false,
    })
    return (server.address() as AddressInfo).port
  }
  const listeners: Record<string, () => RequestListener | Promise<RequestListener>> = {
    soap: () => canned('text/xml; charset=utf-8', soapReply),
    rest: () => canned('application/json', JSON.stringify({ customer })),
    undici: undiciListener,
    naive: naiveListener,
  }
  const server = createServer(await listeners[role]!())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

process.stdin.on('end', () => process.exit()).resume()
process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${await start()}` })}\n`)
