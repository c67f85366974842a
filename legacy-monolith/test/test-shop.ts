import { randomBytes } from 'node:crypto'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { type Client, createClientAsync } from 'soap'
import { installShop } from '../src/install.ts'
import { type Shop, startShop } from '../src/start-shop.ts'

/** Texts as they were sent, null for nil. */
export type Fields = Record<string, string | null>
export type Order = { orderNo: string; statusCode: string; line: Fields[] }

/** Each operation answers one of them. */
export type Reply = { customer: Fields; note: Fields; product: Fields; order: Order }

export type Detail = Partial<Record<string, { violation?: unknown } & Record<string, unknown>>>

export type TestFault = {
  code: string
  text: string
  detail: Detail | undefined
  xml: string
  status: number
}

type FaultError = {
  root?: {
    Envelope?: { Body?: { Fault?: { faultcode: string; faultstring: string; detail: Detail | undefined } } }
  }
  body: string
  response: { status: number }
}

export type TestShop = {
  url: string
  databaseUrl: string
  /** What the shop reported as unforeseen. */
  reported: { operation: string; error: unknown }[]
  call(operation: string, args: object): Promise<Reply>
  /** What an operation lists under `name`; empty when it lists nothing. */
  list<Name extends keyof Reply>(operation: string, args: object, name: Name): Promise<Reply[Name][]>
  /** Fails unless the answer is a fault. */
  fault(operation: string, args: object): Promise<TestFault>
  query(sql: string, values?: unknown[]): Promise<RowDataPacket[]>
  close(): Promise<void>
}

export type TestSchema = { url: string; drop(): Promise<void> }

/** A schema of its own on the test database, with the shop's tables. */
export async function createTestSchema(): Promise<TestSchema> {
  const admin = process.env.STRANGLER_TEST_DB
  if (admin === undefined) throw new Error('STRANGLER_TEST_DB is not set')
  const name = `shop_${randomBytes(6).toString('hex')}`
  const run = async (sql: string) => {
    const connection = await createConnection(admin)
    await connection.query(sql)
    await connection.end()
  }
  await run(`CREATE DATABASE ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  await installShop(url.href)
  return { url: url.href, drop: () => run(`DROP DATABASE ${name}`) }
}

/** A shop on a free port with an empty schema, and a real SOAP client that keeps values as they are written. */
export async function startTestShop(
  options: { now?: () => Date; through?: (databaseUrl: string) => string } = {},
): Promise<TestShop> {
  const schema = await createTestSchema()
  const reported: TestShop['reported'] = []
  const shop: Shop = await startShop({
    databaseUrl: options.through?.(schema.url) ?? schema.url,
    host: '127.0.0.1',
    port: 0,
    ...(options.now && { now: options.now }),
    report: (operation, error) => reported.push({ operation, error }),
  })
  const client = await createTestClient(shop.url)
  const connection = await createConnection({ uri: schema.url, charset: 'utf8mb4' })
  return {
    url: shop.url,
    databaseUrl: schema.url,
    reported,
    call: async (operation, args) => (await client[`${operation}Async`](args))[0] ?? {},
    list: async (operation, args, name) => (await client[`${operation}Async`](args))[0]?.[name] ?? [],
    fault: async (operation, args) =>
      readFault(await client[`${operation}Async`](args).then(noFault, asError)),
    query: async (sql, values = []) => (await connection.query<RowDataPacket[]>(sql, values))[0],
    close: async () => {
      await connection.end()
      await shop.close()
      await schema.drop()
    },
  }
}

/** Nil is null, everything else is the text as it was sent. */
export function createTestClient(url: string): Promise<Client> {
  const asIs = (text: string) => text
  return createClientAsync(`${url}/soap?wsdl`, {
    disableCache: true,
    handleNilAsNull: true,
    preserveWhitespace: true,
    customDeserializer: { int: asIs, decimal: asIs, boolean: asIs, date: asIs, dateTime: asIs },
  })
}

function noFault(): never {
  throw new Error('a fault was expected')
}

function asError(error: unknown): FaultError {
  return error as FaultError
}

function readFault(error: FaultError): TestFault {
  const fault = error.root?.Envelope?.Body?.Fault
  if (fault === undefined) throw error
  return {
    code: fault.faultcode,
    text: fault.faultstring,
    detail: withViolationList(fault.detail),
    xml: error.body,
    status: error.response.status,
  }
}

/** node-soap's client does not read a fault by its schema: one violation is no list to it. */
function withViolationList(detail: Detail | undefined): Detail | undefined {
  const violation = detail?.ValidationFault?.violation
  if (violation === undefined) return detail
  return { ValidationFault: { violation: Array.isArray(violation) ? violation : [violation] } }
}

/** Sends `content` as the Body of an envelope, or `body` as it is, and answers what came over the wire. */
export async function post(
  url: string,
  request: { content?: string; body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
): Promise<{ status: number; text: string; type: string }> {
  const body =
    request.body ??
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:c="urn:shop:2009:customers"><s:Body>${request.content}</s:Body></s:Envelope>`
  const headers = { 'content-type': 'text/xml; charset=utf-8', ...request.headers }
  const response = await fetch(`${url}/soap`, { method: 'POST', headers, body })
  return {
    status: response.status,
    text: await response.text(),
    type: response.headers.get('content-type') ?? '',
  }
}
