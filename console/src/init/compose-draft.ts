import { randomBytes } from 'node:crypto'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { endpointOf, type WsdlCopy } from './copy-wsdl.ts'
import type { DatabasePlace, DataDraft, Draft, Effect, OperationDraft, SoapDraft } from './draft.ts'
import type { InitOptions, Question } from './init-options.ts'
import { inspectTables, listTables } from './inspect-tables.ts'
import { snakeCase } from './propose-mapping.ts'
import type { ContractOperation } from './read-contract.ts'

/**
 * What is to be written, from options, contract and database.
 * @throws ToolkitError USAGE_INIT, CONFIG_TABLES, DATABASE_UNREACHABLE
 */
export async function composeDraft(
  options: InitOptions,
  wsdl: WsdlCopy | undefined,
  contract: readonly ContractOperation[],
  question: Question | undefined,
): Promise<Draft> {
  const { name: capability = '', port } = options
  const endpoint = wsdl === undefined ? undefined : endpointOf(wsdl.files.get(wsdl.main) ?? '')
  const monolithUrl = options.baseUrl ?? endpoint?.origin
  if (monolithUrl === undefined)
    throw new ToolkitError('USAGE_INIT', 'the WSDL names no http address: give --base-url', {})
  const soap =
    wsdl === undefined
      ? undefined
      : {
          path: endpoint?.path ?? '/',
          wsdl: `wsdl/${wsdl.main}`,
          operations: await chosenOperations(options, contract, question),
        }
  return {
    capability,
    monolithUrl: new URL(monolithUrl).origin,
    soap,
    rest: (options.routes ?? []).map(route => ({ route, effect: effectOf(route) })),
    data: await dataOf(options, soap, question),
    ports: {
      proxy: port,
      admin: port + 1,
      engine: port + 2,
      dashboard: port + 3,
      service: port + 4,
      facade: port + 5,
    },
    secrets: { toolkit: secret(), applier: secret(), service: secret(), token: secret() },
  }
}

async function chosenOperations(
  { operations: wanted, reads }: InitOptions,
  contract: readonly ContractOperation[],
  question: Question | undefined,
): Promise<OperationDraft[]> {
  const known = contract.map(({ name }) => name)
  const list = async (text: string) => splitList(await question?.(`${text}\n  ${known.join(', ')}\n> `))
  const chosen = wanted ?? (question === undefined ? known : await list('Which operations belong to it?'))
  const reading = reads ?? (question === undefined ? [] : await list('Which of them only read?'))
  const unknown = [...chosen, ...reading].filter(name => !known.includes(name))
  if (unknown.length > 0 || chosen.length === 0)
    throw new ToolkitError(
      'USAGE_INIT',
      `the WSDL has no operation ${unknown.join(', ') || 'that was chosen'}`,
      {
        hint: `it has: ${known.join(', ')}`,
      },
    )
  return contract
    .filter(({ name }) => chosen.includes(name))
    .map(operation => ({ ...operation, effect: reading.includes(operation.name) ? 'read' : 'write' }))
}

async function dataOf(
  options: InitOptions,
  soap: SoapDraft | undefined,
  question: Question | undefined,
): Promise<DataDraft | undefined> {
  const { database, name = '' } = options
  if (database === undefined) return undefined
  const url = new URL(database)
  url.protocol = 'mysql:'
  const tables =
    options.tables ??
    splitList(
      await question?.(`Which tables belong to it?\n  ${(await listTables(url.href)).join(', ')}\n> `),
    )
  if (tables.length === 0)
    throw new ToolkitError('USAGE_INIT', '--tables is missing: which tables belong to the capability?', {
      hint: 'without tables of its own, leave --database out',
    })
  const legacy = placeOf(url.href)
  const extracted =
    options.extractedDatabase === undefined
      ? { ...legacy, schema: freeSchema(snakeCase(name), legacy.schema) }
      : placeOf(options.extractedDatabase)
  if (extracted.schema === legacy.schema && extracted.host === legacy.host && extracted.port === legacy.port)
    throw new ToolkitError('USAGE_INIT', '--extracted-database is the monolith’s own schema', {
      hint: 'give the new service a schema of its own',
    })
  const { tables: drafts, writers } = await inspectTables(url.href, tables)
  const writes = soap?.operations.some(({ effect }) => effect === 'write') ?? true
  return { tables: drafts, legacy, extracted, writers: writes ? writers : writers.slice(0, 1) }
}

function freeSchema(wanted: string, taken: string): string {
  return wanted === taken || wanted === 'strangler' ? `${wanted}_service` : wanted
}

function placeOf(text: string): DatabasePlace {
  const { hostname, port, pathname } = new URL(text)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 3306 : Number(port),
    schema: decodeURIComponent(pathname.slice(1)),
  }
}

function effectOf(route: string): Effect {
  return /^(GET|HEAD|OPTIONS) /.test(route) ? 'read' : 'write'
}

function splitList(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter(part => part !== '')
}

function secret(): string {
  return randomBytes(18).toString('hex')
}
