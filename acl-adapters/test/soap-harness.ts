import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { strictRules } from '../src/codec/decode-element.ts'
import { loadContract } from '../src/contract/load-contract.ts'
import { readEnvelope } from '../src/soap/read-envelope.ts'
import { plain } from './compile-schema.ts'
import {
  customerJson,
  type Received,
  sendJson,
  shopWsdl,
  startShopAdapters,
  startUpstream,
  type Upstream,
} from './shop-fixtures.ts'

export type Answer = (received: Received, response: ServerResponse) => void

/** The SOAP façade of the shop before a service whose answers the test writes by hand. */
export type SoapHarness = {
  service: Upstream
  adapters: Awaited<ReturnType<typeof startShopAdapters>>
  /** A customer, unless the test says otherwise. */
  answer: Answer
  post(
    body: string | Buffer,
    headers?: Record<string, string>,
  ): Promise<{ status: number; type: string | null; headers: Headers; text: string }>
}

/** Starts it before the tests of a file and stops it after them. */
export function useSoapHarness(): SoapHarness {
  const harness = { post } as SoapHarness
  beforeAll(async () => {
    harness.service = await startUpstream((received, response) => harness.answer(received, response))
    harness.adapters = await startShopAdapters({ service: harness.service.url })
  })
  beforeEach(() => {
    harness.service.received.length = 0
    harness.adapters.lines.length = 0
    harness.answer = (_, response) => sendJson(response, customerJson)
  })
  afterAll(async () => {
    await harness.adapters.close()
    await harness.service.close()
  })

  async function post(body: string | Buffer, headers: Record<string, string> = {}) {
    const response = await fetch(`${harness.adapters.facadeUrl}/soap`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8', ...headers },
      body,
    })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      headers: response.headers,
      text: await response.text(),
    }
  }

  return harness
}

export const soap12 = 'http://www.w3.org/2003/05/soap-envelope'
export const { contract } = loadContract(shopWsdl)

/** What an answer says, read by the contract. */
export async function read(text: string) {
  const content = await readEnvelope(text, {
    contract,
    rules: () => strictRules,
    elementFor: name => (name === undefined ? undefined : contract.elements.get(name)),
  })
  return content.kind === 'message'
    ? { version: content.version, json: plain(content.json) }
    : { version: content.version, fault: { ...content.fault, detail: plain(content.fault.detail) } }
}

export function request(operation: string, content: string): string {
  return `<${operation} xmlns="urn:shop:2009:customers">${content}</${operation}>`
}

export const get42 = request('GetCustomer', '<custNo>42</custNo>')

/** customerJson as the WSDL has it. */
export const customer = {
  custNo: 42,
  name: 'Ann & Söhne',
  email: null,
  creditLimit: '1234.50',
  statusCode: 'S',
  vip: true,
  openedAt: '2024-02-29T12:34:56Z',
  changedAt: '2024-03-01T00:00:00Z',
}
