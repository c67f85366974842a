import { type Refusal, refuse } from '../cutover/refusal.ts'
import type { DeclaredWriter, Plan } from '../plan/plan.ts'
import type { Answer, WritersFound } from './writers-found.ts'
import { shapeText, type WriteShape } from './written.ts'

/** So few rows may belong to requests that had ended just before. */
const rowsThatCount = 20

/** How the plan answers one way of writing; `account` undefined: whoever did it. */
export function answerOf(
  declared: readonly DeclaredWriter[],
  shape: WriteShape,
  account?: string,
): Answer | null {
  const fits = (writer: DeclaredWriter) =>
    (account === undefined || writer.account === account) &&
    writer.writes.some(
      ({ table, events, columns }) =>
        table === shape.table &&
        (events?.includes(shape.event) ?? true) &&
        shape.columns.every(column => columns?.includes(column) ?? true),
    )
  return declared.find(fits)?.answer ?? null
}

/** Every writer that the plan does not answer for, with counts; empty when it answers for all that were found. */
export function writersGate(
  last: { ageMs: number; found: WritersFound } | undefined,
  plan: Pick<Plan, 'capability' | 'writers' | 'gates'>,
): Refusal[] {
  const { capability } = plan
  const look = `strangler writers ${capability}`
  if (last === undefined)
    return refuse('WRITERS_MISSING', `nobody has looked who writes ${capability}`, {}, look)
  const maxAgeMs = plan.gates.writersMaxAgeMs
  if (last.ageMs > maxAgeMs)
    return refuse(
      'WRITERS_STALE',
      `the last look at who writes ${capability} is ${Math.round(last.ageMs / 60_000)} min old > ${Math.round(maxAgeMs / 60_000)} min`,
      { ageMs: last.ageMs, maxAgeMs },
      look,
    )
  const { found } = last
  return [...unanswered(found, plan), ...unknown(found, plan), ...idle(found, plan), ...unmoved(found, plan)]
}

const hint = (capability: string) =>
  `answer for it in writers of the plan of ${capability}: its operations move along, or the fence shall refuse it`

function unanswered(found: WritersFound, plan: Pick<Plan, 'capability' | 'writers'>): Refusal[] {
  return found.accounts.flatMap(({ account, shapes, likely }) => {
    const open = shapes.filter(shape => answerOf(plan.writers, shape, account) === null)
    if (open.length === 0) return []
    const rows = open.reduce((sum, shape) => sum + shape.rows, 0)
    return refuse(
      'WRITER_UNACCOUNTED',
      `${account} wrote ${rows} rows in ${found.seconds} s: ${open.map(each => `${each.rows} × ${shapeText(each)}`).join(', ')}`,
      { account, rows, seconds: found.seconds, shapes: open, likely },
      hint(plan.capability),
    )
  })
}

/** The binlog does not name accounts: a way of writing that none of the answers covers was somebody else's. */
function unknown({ past }: WritersFound, plan: Pick<Plan, 'capability' | 'writers'>): Refusal[] {
  return past.writes
    .filter(shape => answerOf(plan.writers, shape) === null)
    .flatMap(shape =>
      refuse(
        'WRITER_UNKNOWN',
        `${shape.rows} rows were written by an unknown account: ${shapeText(shape)}, last at ${shape.lastAt}`,
        { ...shape },
        hint(plan.capability),
      ),
    )
}

/** What has the right may use it tonight. */
function idle({ possible }: WritersFound, plan: Pick<Plan, 'capability' | 'writers'>): Refusal[] {
  return possible
    .filter(account => plan.writers.every(writer => writer.account !== account))
    .flatMap(account =>
      refuse(
        'WRITER_POSSIBLE',
        `${account} may write ${plan.capability}, was not seen doing so, and the plan does not answer for it`,
        { account },
        `${hint(plan.capability)}; or take its right away`,
      ),
    )
}

/** Operations that move along are requests of the capability's routes: rows without any came another way. */
function unmoved({ accounts, requests, seconds }: WritersFound, plan: Pick<Plan, 'writers'>): Refusal[] {
  if (requests > 0) return []
  return accounts
    .filter(({ account, shapes }) => {
      const moving = shapes.filter(shape => answerOf(plan.writers, shape, account) === 'moves')
      return moving.reduce((sum, { rows }) => sum + rows, 0) >= rowsThatCount
    })
    .flatMap(({ account, rows }) =>
      refuse(
        'WRITER_NOT_ROUTED',
        `${account} wrote ${rows} rows in ${seconds} s while no write of the capability came through the proxy`,
        { account, rows, seconds, requests },
        'its clients pass the proxy by, or another operation writes these tables: route them first',
      ),
    )
}
