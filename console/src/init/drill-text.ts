import type { Draft, OperationDraft } from './draft.ts'
import { type MappedTable, snakeCase } from './propose-mapping.ts'

type Load = { operation: OperationDraft; tokenField: string; table: MappedTable; column: number }

/** The `drill` of a plan: a write that carries a token in a text field, and how the token is found on either side. */
export function drillText(draft: Draft, tables: readonly MappedTable[]): string {
  const first = tables[0]
  const key = first?.draft.key[0]
  const load = findLoad(draft, tables)
  const subjects =
    first === undefined || key === undefined
      ? "'SELECT 1 AS id'"
      : sql(`SELECT ${name(key)} AS id FROM ${name(first.draft.name)} ORDER BY ${name(key)} LIMIT 200`)
  return `  // Writes made on purpose, each with a token of its own: a drill proves by them that none is lost or done twice.
  drill: {
    subjects: ${subjects},
    writes: [
${load === undefined ? restWrite(draft) : soapWrite(draft, load, key)}    ],
    count: {
      legacy: ${sql(countOf(load, 'legacy', tables))},
      extracted: ${sql(countOf(load, 'extracted', tables))},
    },
  },
`
}

/** The write whose text field has the name of a text column. */
function findLoad({ soap }: Draft, tables: readonly MappedTable[]): Load | undefined {
  const writes = (soap?.operations ?? []).filter(
    ({ effect, element, fields }) =>
      effect === 'write' && element !== undefined && fields.some(({ kind }) => kind === 'text'),
  )
  const isText = ({ type }: { type: string }) => /char|text/i.test(type)
  let fallback: Load | undefined
  for (const operation of writes)
    for (const { name: field, kind } of operation.fields) {
      if (kind !== 'text') continue
      for (const table of tables) {
        const column = table.columns.findIndex(
          one => isText(one.column) && snakeCase(one.legacy) === snakeCase(field),
        )
        if (column >= 0) return { operation, tokenField: field, table, column }
        const any = table.columns.findIndex(({ column: one }) => isText(one))
        if (any >= 0) fallback ??= { operation, tokenField: field, table, column: any }
      }
    }
  return fallback
}

function soapWrite({ soap }: Draft, { operation, tokenField }: Load, key: string | undefined): string {
  const { name: called, element, fields, action } = operation
  const keyName = key === undefined ? '' : snakeCase(key)
  const content = fields
    .filter(({ name: field, required }) => required || field === tokenField)
    .map(({ name: field, kind }) => {
      const value =
        field === tokenField
          ? placeholder('token')
          : snakeCase(field) === keyName
            ? placeholder('subject')
            : kind === 'number'
              ? '1'
              : 'drill'
      return `<${field}>${value}</${field}>`
    })
    .join('')
  const root = element?.local ?? called
  return `      {
        name: '${called} over SOAP',
        protocol: 'soap',
        request: (${content.includes(placeholder('subject')) ? 'subject' : '_subject'}: string, token: string) => ({
          method: 'POST',
          path: '${soap?.path ?? '/'}',
          headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '"${action}"' },
          body: \`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><${root} xmlns="${element?.namespace ?? ''}">${content}</${root}></soap:Body></soap:Envelope>\`,
        }),
      },
`
}

function restWrite({ rest }: Draft): string {
  const write = rest.find(({ route, effect }) => effect === 'write' && /^(POST|PUT|PATCH) /.test(route))
  const [method = 'POST', path = '/'] = (write?.route ?? 'POST /').split(' ')
  return `      {
        name: '${method} over REST',
        protocol: 'rest',
        // A draft: put the token into a field that ends up in the table counted below.
        request: (subject: string, token: string) => ({
          method: '${method}',
          path: \`${path.replace(/\{[^}]*\}/g, placeholder('subject'))}\`,
          headers: { 'content-type': 'application/json', 'idempotency-key': token },
          body: JSON.stringify({ text: token, subject }),
        }),
      },
`
}

function countOf(
  load: Load | undefined,
  side: 'legacy' | 'extracted',
  tables: readonly MappedTable[],
): string {
  const table = load?.table ?? tables[0]
  const column = table?.columns[load?.column ?? 0]?.[side] ?? 'id'
  const from = side === 'legacy' ? table?.draft.name : table?.extracted
  return `SELECT ${name(column)} AS token, COUNT(*) AS times FROM ${name(from ?? '')} WHERE ${name(column)} LIKE ? GROUP BY ${name(column)}`
}

/** Quoted, for a table may be called ORDER. */
function name(identifier: string): string {
  return `\`${identifier}\``
}

function sql(text: string): string {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`
}

/** A place in the template that the plan will have. */
function placeholder(name: 'subject' | 'token'): string {
  return `\${${name}}`
}
