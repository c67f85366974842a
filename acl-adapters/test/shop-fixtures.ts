import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Listening, listen } from '@strangler/kit/listen.ts'
import { pino } from 'pino'
import { customersRest } from '../adapters/customers/customers-rest.ts'
import { customersSoap } from '../adapters/customers/customers-soap.ts'
import { type Adapters, startAdapters } from '../src/start-adapters.ts'
import type { CallLimits } from '../src/transport/call-limits.ts'

export const shopWsdl = fileURLToPath(new URL('../../legacy-monolith/wsdl/shop.wsdl', import.meta.url))

export type Received = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

export type Upstream = Listening & { received: Received[]; last(): Received }

/** A real server that keeps what it was sent. */
export async function startUpstream(
  answer: (received: Received, response: ServerResponse) => void | Promise<void>,
): Promise<Upstream> {
  const received: Received[] = []
  const listener: RequestListener = async (request, response) => {
    const entry = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: await text(request),
    }
    received.push(entry)
    await answer(entry, response)
  }
  const listening = await listen(createServer(listener), 0, '127.0.0.1', 50)
  return { ...listening, received, last: () => received.at(-1)! }
}

export type LogLine = Record<string, unknown>

export async function startShopAdapters(urls: {
  monolith?: string
  service?: string
  limits?: Partial<CallLimits>
  outcomes?: string
  dropUnknown?: boolean
}): Promise<Adapters & { lines: LogLine[] }> {
  const lines: LogLine[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const nowhere = 'http://127.0.0.1:1'
  const adapters = await startAdapters({
    host: '127.0.0.1',
    restPort: 0,
    facadePort: 0,
    wsdl: shopWsdl,
    monolithUrl: urls.monolith ?? nowhere,
    serviceUrl: urls.service ?? nowhere,
    restMappings: [customersRest],
    soapMappings: [customersSoap],
    ...(urls.limits === undefined ? {} : { limits: urls.limits }),
    ...(urls.outcomes === undefined ? {} : { outcomes: urls.outcomes }),
    dropUnknown: urls.dropUnknown === true,
    log,
  })
  return { ...adapters, lines }
}

export function envelope(body: string, namespace = 'http://schemas.xmlsoap.org/soap/envelope/'): string {
  return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${namespace}"><s:Body>${body}</s:Body></s:Envelope>`
}

export function sendXml(response: ServerResponse, xml: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/xml; charset=utf-8' }).end(xml)
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(body))
}

export const customerXml = `<c:custNo>42</c:custNo><c:name>Ann &amp; Söhne</c:name><c:email xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/><c:creditLimit>1234.50</c:creditLimit><c:statusCode>S</c:statusCode><c:vip>true</c:vip><c:openedAt>2024-02-29T12:34:56Z</c:openedAt><c:changedAt>2024-03-01T00:00:00Z</c:changedAt>`

export const customerJson = {
  id: 42,
  name: 'Ann & Söhne',
  email: null,
  phone: null,
  creditLimit: '1234.50',
  status: 'suspended',
  vip: true,
  openedAt: '2024-02-29T12:34:56Z',
  reviewedOn: null,
  updatedAt: '2024-03-01T00:00:00Z',
}

export const noteJson = { id: 7, customerId: 42, text: 'called <twice>', writtenAt: '2024-03-01T00:00:00Z' }
export const noteXml =
  '<c:noteNo>7</c:noteNo><c:custNo>42</c:custNo><c:text>called &lt;twice&gt;</c:text><c:writtenAt>2024-03-01T00:00:00Z</c:writtenAt>'

export const customerNotFound = {
  type: 'urn:problem:customer-not-found',
  title: 'Customer not found',
  status: 404,
  detail: 'customer 42 not found',
  customerId: 42,
}
