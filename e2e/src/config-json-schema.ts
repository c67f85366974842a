import { configSchema } from '@strangler/proxy/config/config-schema.ts'
import { z } from 'zod'
import { configDescriptions } from './config-descriptions.ts'

type Node = Record<string, unknown>

/** The JSON Schema of strangler.yaml, each key with its sentence: what an editor completes and explains by. */
export function configJsonSchema(): Node {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node
  describe(schema, '')
  return {
    ...schema,
    $id: 'https://strangler.dev/strangler.schema.json',
    title: 'strangler.yaml: routes and stages',
  }
}

/** Every key with its node, as `capabilities.*.canary.percent`: `*` is a name, `[]` an entry of a list. */
export function configKeys(
  schema: Node = configJsonSchema(),
): { path: string; node: Node; required: boolean }[] {
  const keys: { path: string; node: Node; required: boolean }[] = []
  walk(schema, '', (path, node, required) => keys.push({ path, node, required }))
  return keys
}

function describe(schema: Node, path: string): void {
  walk(schema, path, (at, node) => {
    const sentence = configDescriptions[at]
    if (sentence !== undefined) node.description = sentence
  })
}

function walk(node: Node, path: string, visit: (path: string, node: Node, required: boolean) => void): void {
  const join = (step: string) => (path === '' ? step : `${path}.${step}`)
  const properties = (node.properties ?? {}) as Record<string, Node>
  const required = (node.required ?? []) as string[]
  for (const [key, child] of Object.entries(properties)) {
    visit(join(key), child, required.includes(key))
    walk(child, join(key), visit)
  }
  if (typeof node.additionalProperties === 'object' && node.additionalProperties !== null)
    walk(node.additionalProperties as Node, join('*'), visit)
  if (typeof node.items === 'object' && node.items !== null) walk(node.items as Node, `${path}[]`, visit)
}
