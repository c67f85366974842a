import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import {
  customerXml,
  envelope,
  type Received,
  sendXml,
  startShopAdapters,
  startUpstream,
  type Upstream,
} from './shop-fixtures.ts'

export type Answer = (received: Received, response: ServerResponse) => void

/** The REST façade of the shop before a monolith whose answers the test writes by hand. */
export type RestHarness = {
  monolith: Upstream
  adapters: Awaited<ReturnType<typeof startShopAdapters>>
  /** A customer, unless the test says otherwise. */
  answer: Answer
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: ReturnType<typeof JSON.parse>; text: string }>
  /** What went to the monolith: SOAPAction and the Body's content without namespaces. */
  sent(): [string, string]
}

/** Starts it before the tests of a file and stops it after them. */
export function useRestHarness(): RestHarness {
  const harness = { call, sent } as RestHarness
  beforeAll(async () => {
    harness.monolith = await startUpstream((received, response) => harness.answer(received, response))
    harness.adapters = await startShopAdapters({ monolith: harness.monolith.url })
  })
  beforeEach(() => {
    harness.monolith.received.length = 0
    harness.adapters.lines.length = 0
    harness.answer = (_, response) => replyCustomer(response, 'GetCustomerResponse')
  })
  afterAll(async () => {
    await harness.adapters.close()
    await harness.monolith.close()
  })

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(harness.adapters.restUrl + path, {
      method,
      headers: { ...(body === undefined ? {} : json), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
      text,
    }
  }

  function sent(): [string, string] {
    const { headers, body } = harness.monolith.last()
    const content = /<soap:Body>(.*)<\/soap:Body>/s.exec(body)![1]!
    return [
      String(headers.soapaction),
      content.replace(/ xmlns:\w+="[^"]*"/g, '').replace(/(<\/?)\w+:/g, '$1'),
    ]
  }

  return harness
}

export const json = { 'content-type': 'application/json' }

export function reply(response: ServerResponse, element: string, content: string): void {
  sendXml(response, envelope(`<c:${element} xmlns:c="urn:shop:2009:customers">${content}</c:${element}>`))
}

export function replyCustomer(response: ServerResponse, element: string): void {
  reply(response, element, `<c:customer>${customerXml}</c:customer>`)
}

export function sendFault(response: ServerResponse, detail: string, code = 'Client', status = 500): void {
  const fault = `<s:Fault><faultcode>s:${code}</faultcode><faultstring>secret stack at db.ts</faultstring><detail>${detail}</detail></s:Fault>`
  sendXml(response, envelope(fault), status)
}
