import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import { z } from 'zod'
import type { MappedTable } from '../data/table-mapping.ts'
import { writeEvents } from '../writers/written.ts'
import type { DeclaredWriter, Plan, StepSpec } from './plan.ts'

const name = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'lower-case letters, digits and dashes, at most 48')
const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_$]{0,63}$/, 'a table or column name')
const callable = z.custom<(...args: never[]) => unknown>(value => typeof value === 'function', 'a function')
const milliseconds = z.int().min(1)

const perSide = z.strictObject({ legacy: z.string().min(1), extracted: z.string().min(1) })

const mappedTable = z.strictObject({
  table: identifier,
  key: z.array(identifier).min(1),
  columns: z.array(identifier).min(1),
  leaves: z.array(identifier).optional(),
  shared: z.array(identifier).optional(),
  rows: z.enum(['own', 'foreign']).optional(),
})

const step = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('backfill') }),
  z.strictObject({ kind: z.literal('sync') }),
  z.strictObject({ kind: z.literal('verify') }),
  z.strictObject({ kind: z.literal('writers'), seconds: z.number().min(1).max(3_600) }),
  z.strictObject({
    kind: z.literal('stage'),
    stage: z.enum(['shadow', 'canary', 'extracted']),
    percent: z.number().min(0).max(100).optional(),
  }),
  z.strictObject({ kind: z.literal('compare-gate'), waitSeconds: z.number().min(0).max(86_400) }),
  z.strictObject({
    kind: z.literal('drill'),
    ratePerSecond: z.number().min(1).max(5_000),
    seconds: z.number().min(1).max(3_600),
  }),
  z.strictObject({ kind: z.literal('cutover') }),
])

const planSchema = z.strictObject({
  capability: name,
  data: z.enum(['synced', 'none']).optional(),
  dependsOn: z.array(name).min(1).optional(),
  reads: z.array(name).min(1).optional(),
  readBy: z.array(name).min(1).optional(),
  databases: z.strictObject({ legacy: name, extracted: name }).optional(),
  tables: z.array(
    z.strictObject({
      legacy: mappedTable,
      extracted: mappedTable,
      toExtracted: callable,
      toLegacy: callable,
      carries: z.enum(['changes', 'births']).optional(),
    }),
  ),
  writers: z.array(
    z.strictObject({
      account: z.string().min(1).max(128),
      writes: z
        .array(
          z.strictObject({
            table: identifier,
            events: z.array(z.enum(writeEvents)).min(1).optional(),
            columns: z.array(identifier).min(1).optional(),
          }),
        )
        .min(1),
      answer: z.enum(['moves', 'fenced', 'keeps']),
      reason: z.string().min(1),
    }),
  ),
  gates: z.strictObject({
    maxLagMs: milliseconds,
    verifyMaxAgeMs: milliseconds,
    minSamples: z.int().min(1),
    maxDivergence: z.number().min(0).max(1),
    drillMaxAgeMs: milliseconds,
    writersMaxAgeMs: milliseconds,
    maxTransactionMs: milliseconds,
    soakSeconds: z.int().min(1),
  }),
  steps: z.array(step).min(1),
  drill: z
    .strictObject({
      subjects: z.string().min(1),
      writes: z
        .array(
          z.strictObject({ name: z.string().min(1), protocol: z.enum(['rest', 'soap']), request: callable }),
        )
        .min(1),
      read: z.strictObject({ name: z.string().min(1), request: callable }).optional(),
      count: perSide,
      order: perSide.optional(),
    })
    .optional(),
})

/**
 * A plan, checked as a whole.
 * @param subject the file it came from, for the message
 * @throws ToolkitError PLAN_INVALID with every problem and its path
 */
export function validatePlan(value: unknown, subject: string): Plan {
  const parsed = planSchema.safeParse(value)
  const problems: Problem[] = parsed.success
    ? contradictions(value as Plan)
    : parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  if (problems.length > 0) throw invalidInput('PLAN_INVALID', subject, problems)
  return value as Plan
}

function contradictions(plan: Plan): Problem[] {
  return [
    ...(plan.data === 'none' ? withoutData(plan) : withData(plan)),
    ...(plan.dependsOn?.includes(plan.capability)
      ? [{ path: 'dependsOn', message: 'a capability cannot depend on itself' }]
      : []),
    ...plan.tables.flatMap(({ legacy, extracted }, index) => [
      ...tableProblems(legacy, `tables.${index}.legacy`),
      ...tableProblems(extracted, `tables.${index}.extracted`),
    ]),
    ...overlaps(plan, 'legacy'),
    ...overlaps(plan, 'extracted'),
    ...plan.writers.flatMap((writer, index) => writerProblems(plan, writer, `writers.${index}.writes`)),
    ...orderProblems(plan),
    ...(['count', 'order'] as const).flatMap(query =>
      (['legacy', 'extracted'] as const)
        .filter(side => (plan.drill?.[query]?.[side] ?? '?').split('?').length !== 2)
        .map(side => ({ path: `drill.${query}.${side}`, message: 'must have exactly one ?' })),
    ),
  ]
}

function withData({ databases, tables, steps, drill }: Plan): Problem[] {
  const drills = steps.findIndex(({ kind }) => kind === 'drill')
  return [
    ...(databases === undefined ? [{ path: 'databases', message: 'is needed' }] : []),
    ...(tables.length === 0 ? [{ path: 'tables', message: 'is empty: is it data: none?' }] : []),
    ...(databases !== undefined && databases.legacy === databases.extracted
      ? [{ path: 'databases.extracted', message: 'is the same database as databases.legacy' }]
      : []),
    ...(drills >= 0 && drill === undefined
      ? [{ path: 'drill', message: `steps.${drills} needs the writes of a drill` }]
      : []),
    ...steps.flatMap((step, index) =>
      step.kind === 'stage' && step.stage === 'extracted'
        ? [{ path: `steps.${index}`, message: 'only a cutover reaches extracted where there is data' }]
        : [],
    ),
  ]
}

/** What has nothing to copy has nothing to fence, to verify or to lose. */
function withoutData({ databases, tables, writers, steps, drill }: Plan): Problem[] {
  const message = 'has no place in a plan with data: none'
  const parts = { databases, tables: tables[0], writers: writers[0], drill }
  return [
    ...Object.entries(parts).flatMap(([path, part]) => (part === undefined ? [] : [{ path, message }])),
    ...steps.flatMap(({ kind }, index) =>
      kind === 'stage' || kind === 'compare-gate'
        ? []
        : [{ path: `steps.${index}`, message: `${kind} ${message}` }],
    ),
  ]
}

function writerProblems(plan: Plan, { writes, answer }: DeclaredWriter, path: string): Problem[] {
  return writes.flatMap(({ table, columns }) => {
    const mapped = plan.tables.map(({ legacy }) => legacy).filter(legacy => legacy.table === table)
    if (mapped.length === 0) return [{ path, message: `${table} is no legacy table of the plan` }]
    const passing = mapped.flatMap(({ leaves = [], shared = [] }) => [...leaves, ...shared])
    const guarded = (columns ?? ['every column']).filter(column => !passing.includes(column))
    return answer !== 'keeps' || guarded.length === 0
      ? []
      : [
          {
            path,
            message: `${table} guards ${guarded.join(', ')}: only columns that it leaves or shares are kept`,
          },
        ]
  })
}

function tableProblems(table: MappedTable, path: string): Problem[] {
  const twice = table.columns.filter((column, index) => table.columns.indexOf(column) !== index)
  return [
    ...table.key
      .filter(column => !table.columns.includes(column))
      .map(column => ({ path: `${path}.key`, message: `${column} is not among the columns` })),
    ...twice.map(column => ({ path: `${path}.columns`, message: `${column} stands twice` })),
    ...(table.leaves ?? [])
      .filter(column => table.columns.includes(column))
      .map(column => ({ path: `${path}.leaves`, message: `${column} is also among the columns` })),
    ...(table.shared ?? [])
      .filter(column => !table.columns.includes(column) || table.key.includes(column))
      .map(column => ({
        path: `${path}.shared`,
        message: `${column} is not among the columns besides the key`,
      })),
  ]
}

/** Two mappings that write one table write different columns of it; else the one would undo what the other did. */
function overlaps(plan: Plan, side: 'legacy' | 'extracted'): Problem[] {
  return plan.tables.flatMap((mapping, index) => {
    const own = mapping[side]
    const others = plan.tables.slice(0, index).map(each => each[side])
    const before = others.filter(({ table }) => table === own.table)
    const doubled = own.columns.filter(
      column =>
        !own.key.includes(column) &&
        before.some(({ columns, shared = [] }) => columns.includes(column) && !shared.includes(column)),
    )
    const path = `tables.${index}.${side}`
    if (doubled.length > 0)
      return [{ path: `${path}.columns`, message: `${own.table} stands twice with ${doubled.join(', ')}` }]
    const bringsRows = ({ rows }: MappedTable) => rows !== 'foreign'
    return bringsRows(own) && before.some(bringsRows)
      ? [
          {
            path: `${path}.rows`,
            message: `two mappings bring rows of ${own.table}: all but one are foreign`,
          },
        ]
      : []
  })
}

/** What each kind needs to have before it, so that no order of a plan can cut over unproven data. */
const needs: Partial<Record<StepSpec['kind'], StepSpec['kind'][]>> = {
  sync: ['backfill'],
  verify: ['sync'],
  stage: ['sync'],
  'compare-gate': ['stage'],
  drill: ['verify', 'writers'],
  cutover: ['verify', 'writers', 'drill'],
}

const needsWithoutData: typeof needs = { 'compare-gate': ['stage'] }

function orderProblems({ steps, data }: Plan): Problem[] {
  const problems: Problem[] = []
  steps.forEach((spec, index) => {
    const before = steps.slice(0, index)
    const needed = data === 'none' ? needsWithoutData : needs
    for (const kind of needed[spec.kind] ?? [])
      if (!before.some(earlier => earlier.kind === kind))
        problems.push({ path: `steps.${index}`, message: `${spec.kind} needs a step ${kind} before it` })
    if (before.some(isEnd))
      problems.push({ path: `steps.${index}`, message: 'nothing comes after extracted' })
    if (spec.kind === 'stage') problems.push(...stageProblems(spec, before, index))
  })
  return problems
}

function isEnd(spec: StepSpec): boolean {
  return spec.kind === 'cutover' || (spec.kind === 'stage' && spec.stage === 'extracted')
}

function stageProblems(
  spec: StepSpec & { kind: 'stage' },
  before: readonly StepSpec[],
  index: number,
): Problem[] {
  const path = `steps.${index}`
  const canaries = before.filter(earlier => earlier.kind === 'stage' && earlier.stage === 'canary')
  if (spec.stage !== 'canary')
    return [
      ...('percent' in spec ? [{ path, message: `${spec.stage} has no percent` }] : []),
      ...(spec.stage === 'shadow' && canaries.length > 0
        ? [{ path, message: 'shadow comes before canary' }]
        : []),
    ]
  if (spec.percent === undefined) return [{ path, message: 'canary needs a percent' }]
  const most = Math.max(0, ...canaries.map(earlier => ('percent' in earlier ? earlier.percent : 0)))
  return spec.percent < most
    ? [{ path, message: `canary ${spec.percent} % comes after canary ${most} %: the cohort only grows` }]
    : []
}
