import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ProgramAnswer } from '../cli.ts'
import { type Json, listOf, recordOf, recordsOf, textOf } from '../render/json-fields.ts'
import type { OperationDraft } from './draft.ts'

/** An operation of a WSDL, before somebody has said whether it reads or writes. */
export type ContractOperation = Omit<OperationDraft, 'effect'>

type AskAcl = (args: readonly string[]) => Promise<ProgramAnswer>

/**
 * The operations that the adapters can carry, as `acl inspect` and `acl generate` describe them.
 * @throws ToolkitError CONFIG_WSDL with what is wrong with it
 */
export async function readContract(wsdl: string, askAcl: AskAcl): Promise<ContractOperation[]> {
  const inspected = await askAcl(['acl', 'inspect', wsdl, '--json'])
  const inspection = recordOf(parse(inspected.stdout))
  if (inspected.exit !== 0 || recordsOf(inspection.operations).length === 0) {
    const said = recordsOf(inspection.diagnostics).map(({ line, message }) => `line ${line}: ${message}`)
    throw new ToolkitError(
      'CONFIG_WSDL',
      `${wsdl} cannot be used: ${said.join('; ') || inspected.stderr.trim()}`,
      {
        hint: `npx strangler acl inspect ${wsdl} shows all of it`,
      },
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'strangler-init-'))
  try {
    await askAcl(['acl', 'generate', wsdl, '--out', folder])
    const openApi = recordOf(parse(await readFile(join(folder, 'openapi.json'), 'utf8')))
    const types = await readFile(join(folder, 'types.ts'), 'utf8')
    return recordsOf(inspection.operations)
      .filter(({ fidelity }) => fidelity !== 'unsupported')
      .map(operation => describe(operation, openApi, types))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function describe(operation: Json, openApi: Json, types: string): ContractOperation {
  const name = textOf(operation.name)
  const post = recordOf(recordOf(recordOf(openApi.paths)[`/rpc/${name}`]).post)
  const content = recordOf(recordOf(recordOf(post.requestBody).content)['application/json'])
  const input = /^\{(.*)\}(.+)$/.exec(textOf(operation.input, ''))
  const output = /^\{.*\}(.+)$/.exec(textOf(operation.output, ''))?.[1] ?? ''
  return {
    name,
    action: textOf(recordOf(post['x-soap']).action, ''),
    element: input === null ? undefined : { namespace: input[1]!, local: input[2]! },
    fields: fieldsOf(resolve(recordOf(content.schema), openApi)),
    input: typeOf(types, input?.[2] ?? ''),
    output: typeOf(types, output),
  }
}

function fieldsOf(schema: Json): OperationDraft['fields'] {
  const required = listOf(schema.required)
  return Object.entries(recordOf(schema.properties)).map(([name, raw]) => {
    const property = recordOf(raw)
    const variants = [property, ...recordsOf(property.anyOf)]
    const plain = variants.find(({ type }) => typeof type === 'string' && type !== 'null') ?? {}
    const xsd = textOf(plain['x-xsd'], '')
    const isNumber =
      plain.type === 'integer' || plain.type === 'number' || /^(decimal|integer|long|int)$/.test(xsd)
    const isText = plain.type === 'string' && xsd === '' && plain.enum === undefined
    return { name, kind: isNumber ? 'number' : isText ? 'text' : 'other', required: required.includes(name) }
  })
}

function resolve(schema: Json, openApi: Json): Json {
  const reference = /^#\/components\/schemas\/(.+)$/.exec(textOf(schema.$ref, ''))?.[1]
  return reference === undefined
    ? schema
    : recordOf(recordOf(recordOf(openApi.components).schemas)[decodeURIComponent(reference)])
}

/** The generated type, without its `export type NAME =`. */
function typeOf(types: string, name: string): string {
  const at = types.indexOf(`export type ${name} = `)
  if (name === '' || at < 0) return '{}'
  const rest = types.slice(at + `export type ${name} = `.length)
  const end = rest.search(/\n(?=\n|export )/)
  return rest.slice(0, end < 0 ? undefined : end).trim()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
