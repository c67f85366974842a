import { createHash } from 'node:crypto'
import { escapeAttribute, escapeText } from '../xml/xml-text.ts'

type Schema = Readonly<Record<string, unknown>>
type Media = { schema?: Schema; example?: unknown }
type Body = { description?: string; content?: Readonly<Record<string, Media>> }
type Described = {
  summary?: string
  operationId: string
  parameters?: readonly { name: string; in: string; required?: boolean; schema?: Schema }[]
  requestBody?: Body
  responses: Readonly<Record<string, Body>>
  'x-soap'?: { operation: string; action: string }
  'x-effect'?: string
  'x-soap-faults'?: Readonly<Record<string, Schema>>
}
export type DescribedApi = {
  info: { title: string; version: string }
  paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  components: { schemas: Readonly<Record<string, Schema>> }
}

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:4px}
details{border-top:1px solid #8886;padding:.25rem 0}summary{cursor:pointer;padding:.35rem 0}summary b{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}h3{margin:.8rem 0 .2rem;font-size:1rem}`

/** For a page that runs no script and loads nothing: its one style is allowed by its hash. */
export const docsPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** An OpenAPI document for people, in one file of HTML without scripts. */
export function docsPage({ info, paths, components }: DescribedApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => describe(method.toUpperCase(), path, operation)),
  )
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${escapeAttribute(anchorOf(name))}"><summary><code>${escapeText(name)}</code></summary>${json(schema)}</details>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(info.title)}</title><style>${style}</style></head>
<body><h1>${escapeText(info.title)}</h1>
<p>The same as an OpenAPI document: <a href="openapi.json">openapi.json</a>. Errors are problem documents (RFC 9457); a SOAP fault is in their <code>fault</code> member.</p>
<h2>Operations</h2>
${operations.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</body></html>
`
}

function describe(method: string, path: string, operation: Described): string {
  const { summary = '', parameters = [], requestBody, responses } = operation
  const soap = operation['x-soap']
  const faults = Object.keys(operation['x-soap-faults'] ?? {})
  const effect = operation['x-effect']
  return [
    `<details id="${escapeAttribute(anchorOf(operation.operationId))}"><summary><b>${method}</b> <code>${escapeText(path)}</code> ${escapeText(summary)}</summary>`,
    soap === undefined
      ? ''
      : `<p>SOAP operation <code>${escapeText(soap.operation)}</code>${soap.action === '' ? '' : `, action <code>${escapeText(soap.action)}</code>`}${effect === undefined ? '' : `, effect ${escapeText(effect)}`}.</p>`,
    parameterTable(parameters),
    requestBody === undefined ? '' : `<h3>Request</h3>${bodyOf(requestBody)}`,
    ...Object.entries(responses).map(
      ([status, body]) =>
        `<h3>${escapeText(status)} ${escapeText(body.description ?? '')}</h3>${bodyOf(body)}`,
    ),
    faults.length === 0
      ? ''
      : `<h3>Faults</h3><p>${faults.map(name => `<code>${escapeText(name)}</code>`).join(', ')}</p>`,
    '</details>',
  ].join('')
}

function parameterTable(parameters: NonNullable<Described['parameters']>): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><td><code>${escapeText(name)}</code></td><td>${escapeText(place)}${required === true ? ', required' : ''}</td><td><code>${escapeText(JSON.stringify(schema ?? {}))}</code></td></tr>`,
  )
  return `<h3>Parameters</h3><table>${rows.join('')}</table>`
}

function bodyOf({ content = {} }: Body): string {
  return Object.entries(content)
    .map(([type, { schema, example }]) => {
      const shown = example === undefined ? schemaOf(schema) : json(example)
      const reference = typeof schema?.$ref === 'string' ? link(schema.$ref) : ''
      return `<p><code>${escapeText(type)}</code> ${reference}</p>${typeof schema?.$ref === 'string' && example === undefined ? '' : shown}`
    })
    .join('')
}

function schemaOf(schema: Schema | undefined): string {
  return schema === undefined ? '' : json(schema)
}

function link(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  return `<a href="#${escapeAttribute(anchorOf(name))}">${escapeText(name)}</a>`
}

function json(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return `<pre>${escapeText(text)}</pre>`
}

function anchorOf(name: string): string {
  return `x-${encodeURIComponent(name)}`
}
