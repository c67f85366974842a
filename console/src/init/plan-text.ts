import { type DataDraft, type Draft, sideName } from './draft.ts'
import { drillText } from './drill-text.ts'
import { type MappedColumn, type MappedTable, proposeMapping } from './propose-mapping.ts'

/** The draft of a plan: mappings as they were proposed from the columns, gates, steps, and the load of a drill. */
export function planText(draft: Draft, data: DataDraft): string {
  const tables = proposeMapping(data)
  const changes = new Set(tables.flatMap(({ columns }) => columns.map(({ change }) => change)))
  return `// How ${draft.capability} is moved. A draft made from the columns: read every line of it before it runs.
// Rows are plain objects by column name; npx strangler verify ${draft.capability} compares every row by these mappings.
type Value = null | number | string | Uint8Array
type Row = Record<string, Value>
${[...changes].map(change => helpers[change]).join('')}${tables.map(tableText).join('')}
const hour = 3_600_000

export const plan = {
  capability: '${draft.capability}',
  databases: { legacy: 'legacy', extracted: '${sideName(draft)}' },
  // Parents before children.
  tables: [${tables.map(({ extracted }) => constantOf(extracted)).join(', ')}],
  // Everybody who writes these tables today. moves: by the routes of the capability. fenced: refused from the cutover on.
  writers: [
${data.writers.map((account, index) => writerText(account, index, tables)).join('')}  ],
  gates: {
    maxLagMs: 1_000,
    verifyMaxAgeMs: 24 * hour,
    minSamples: 100,
    maxDivergence: 0,
    drillMaxAgeMs: 24 * hour,
    writersMaxAgeMs: 24 * hour,
    maxTransactionMs: 2_000,
    soakSeconds: 24 * 3_600,
  },
  steps: [
    { kind: 'backfill' },
    { kind: 'sync' },
    { kind: 'verify' },
    { kind: 'writers', seconds: 4 },
    { kind: 'stage', stage: 'shadow' },
    { kind: 'compare-gate', waitSeconds: 60 },
    { kind: 'stage', stage: 'canary', percent: 10 },
    { kind: 'drill', ratePerSecond: 10, seconds: 5 },
    { kind: 'cutover' },
  ],
${drillText(draft, tables)}}
`
}

const helpers: Record<MappedColumn['change'], string> = {
  none: '',
  'yes-no': `
function toBoolean(code: Value | undefined): Value {
  if (code === null) return null
  if (code === 'Y' || code === 'N') return code === 'Y' ? 1 : 0
  throw new Error(\`\${code} is neither Y nor N\`)
}

function toYesNo(flag: Value | undefined): Value {
  return flag === null || flag === undefined ? null : Number(flag) === 0 ? 'N' : 'Y'
}
`,
  'date-digits': `
function toDate(digits: Value | undefined): Value {
  if (digits === null) return null
  const match = /^(\\d{4})(\\d\\d)(\\d\\d)$/.exec(String(digits))
  if (match === null) throw new Error(\`\${digits} is no date of eight digits\`)
  return \`\${match[1]}-\${match[2]}-\${match[3]}\`
}

function toDigits(date: Value | undefined): Value {
  return date === null || date === undefined ? null : String(date).slice(0, 10).replaceAll('-', '')
}
`,
}

function tableText({ draft, extracted, columns }: MappedTable): string {
  const list = (names: readonly string[]) => `[${names.map(name => `'${name}'`).join(', ')}]`
  const keys = draft.key.map(key => columns.find(({ legacy }) => legacy === key)?.extracted ?? key)
  return `
const ${constantOf(extracted)} = {
  legacy: {
    table: '${draft.name}',
    key: ${list(draft.key)},
    columns: ${list(columns.map(({ legacy }) => legacy))},
  },
  extracted: {
    table: '${extracted}',
    key: ${list(keys)},
    columns: ${list(columns.map(column => column.extracted))},
  },
  toExtracted: (row: Row) => ({
${columns.map(({ legacy, extracted: to, change }) => `    ${property(to)}: ${value(legacy, change, forward)},\n`).join('')}  }),
  toLegacy: (row: Row) => ({
${columns.map(({ legacy, extracted: from, change }) => `    ${property(legacy)}: ${value(from, change, back)},\n`).join('')}  }),
}
`
}

const forward = { none: '', 'yes-no': 'toBoolean', 'date-digits': 'toDate' } as const
const back = { none: '', 'yes-no': 'toYesNo', 'date-digits': 'toDigits' } as const

function value(
  column: string,
  change: MappedColumn['change'],
  by: Record<MappedColumn['change'], string>,
): string {
  const read = isName(column) ? `row.${column}` : `row['${column}']`
  return change === 'none' ? `${read}!` : `${by[change]}(${read})`
}

function property(name: string): string {
  return isName(name) ? name : `'${name}'`
}

function isName(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text)
}

/** `order_line` → `orderLine`, kept apart from words of the language. */
function constantOf(table: string): string {
  return `${table.replace(/_+(\w)/g, (_all, letter: string) => letter.toUpperCase())}Rows`
}

function writerText(account: string, index: number, tables: readonly MappedTable[]): string {
  const writes = tables.map(({ draft }) => `{ table: '${draft.name}' }`).join(', ')
  const [answer, reason] =
    index === 0
      ? ['moves', 'the monolith itself: its operations are routes of the capability']
      : ['fenced', 'a draft: say what becomes of it']
  return `    { account: '${account}', writes: [${writes}], answer: '${answer}', reason: '${reason}' },\n`
}
