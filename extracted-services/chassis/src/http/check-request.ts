import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { Reason, Violation } from '../values/violation.ts'

const reasons: readonly Reason[] = ['REQUIRED', 'TOO_LONG', 'INVALID', 'NEGATIVE']

/**
 * Input that was checked at the door. Schemas tell a reason by the message of an issue, see `text` and `whole`.
 * @param fieldOrder in which order violations are told; unknown keys come last, in the order of the request
 * @throws ToolkitError VALIDATION_FAILED with every violation; a field that is missing or null where a value is needed is
 * REQUIRED, one of the wrong type and an unknown key are INVALID
 */
export function checkRequest<T>(schema: z.ZodType<T>, input: unknown, fieldOrder: readonly string[]): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const rank = ({ field }: Violation) => {
    const index = fieldOrder.indexOf(field.replace(/[[.].*$/s, ''))
    return index === -1 ? fieldOrder.length : index
  }
  const violations = parsed.error.issues
    .flatMap(issue => violationsOf(issue, input))
    .sort((a, b) => rank(a) - rank(b))
  const detail = violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
  throw new ToolkitError('VALIDATION_FAILED', detail, { details: { violations } })
}

/** Text that `problem` has nothing against. */
export function text(problem: (value: string) => Reason | undefined) {
  return z.string().superRefine((value, context) => {
    const reason = problem(value)
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason })
  })
}

/** A whole number in JSON that `problem` has nothing against. */
export function whole(problem: (value: number) => Reason | undefined) {
  return z
    .number()
    .superRefine((value, context) => {
      const reason = Number.isInteger(value) ? problem(value) : 'INVALID'
      if (reason !== undefined) context.addIssue({ code: 'custom', message: reason })
    })
    .meta({ type: 'integer' })
}

/** A whole number in a query string. */
export function count(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .refine(value => value >= least && value <= most)
    .meta({ type: 'integer', minimum: least, maximum: most })
}

/** An amount of money, as text or as a number. */
export function money(parse: (value: string | number) => { amount: string } | { problem: Reason }) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const parsed = parse(value)
    if ('amount' in parsed) return parsed.amount
    context.addIssue({ code: 'custom', message: parsed.problem })
    return z.NEVER
  })
}

function violationsOf(issue: z.core.$ZodIssue, input: unknown): Violation[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({ field: nameOf([...issue.path, key]), reason: 'INVALID' as const }))
  if (issue.path.length === 0) return [{ field: 'body', reason: 'INVALID' }]
  const told = reasons.find(reason => reason === issue.message)
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  )
  const absent = value === undefined || value === null
  return [{ field: nameOf(issue.path), reason: told ?? (absent ? 'REQUIRED' : 'INVALID') }]
}

/** `['lines', 0, 'sku']` → `lines[0].sku`. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) =>
      typeof key === 'number' ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${String(key)}`,
    '',
  )
}
