import { parseArgs } from 'node:util'
import { invalidInput } from '@strangler/kit/problem.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'

const usage = `compare --before URL --after URL --requests FILE [--baseline FILE] [--html FILE] [--junit FILE]
[--concurrency N] [--rate N] [--twice safe|all|none] [--before-header 'Name: value'] [--after-header 'Name: value']
[--max-divergence SHARE] [--min-samples N] [--timeout MS] [--conceal] [--json]`

const url = z
  .string()
  .refine(
    value => /^https?:\/\//.test(value) && URL.canParse(value) && new URL(value).username === '',
    'an http:// or https:// URL without user and password',
  )
const header = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\t\x20-\x7e]*$/, "a header such as 'Authorization: Bearer …'")
  .transform(text => {
    const colon = text.indexOf(':')
    return [text.slice(0, colon), text.slice(colon + 1).trim()] as const
  })
const file = z.string().min(1)
const number = (least: number, most: number) => z.coerce.number().pipe(z.number().min(least).max(most))
const whole = (least: number, most: number) => z.coerce.number().pipe(z.int().min(least).max(most))

const runArguments = z.strictObject({
  before: url,
  after: url,
  requests: file,
  baseline: file.optional(),
  html: file.optional(),
  junit: file.optional(),
  concurrency: whole(1, 256).default(8),
  rate: number(0.1, 100_000).optional(),
  twice: z.enum(['safe', 'all', 'none']).default('safe'),
  'before-header': z.array(header).default([]),
  'after-header': z.array(header).default([]),
  'max-divergence': number(0, 1).default(0),
  'min-samples': whole(1, 1_000_000).default(1),
  timeout: whole(1, 600_000).default(30_000),
  conceal: z.boolean().default(false),
  json: z.boolean().default(false),
})

export type RunArguments = z.infer<typeof runArguments>

/** @throws ToolkitError USAGE_INVALID with every problem */
export function readRunArguments(argv: readonly string[]): RunArguments {
  const parsed = runArguments.safeParse(parse(argv))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({ path: `--${String(path[0])}`, message }))
  throw invalidInput('USAGE_INVALID', 'compare', problems)
}

function parse(argv: readonly string[]): unknown {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...argv],
      options: {
        before: text,
        after: text,
        requests: text,
        baseline: text,
        html: text,
        junit: text,
        concurrency: text,
        rate: text,
        twice: text,
        'before-header': { type: 'string', multiple: true },
        'after-header': { type: 'string', multiple: true },
        'max-divergence': text,
        'min-samples': text,
        timeout: text,
        conceal: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new ToolkitError('USAGE_INVALID', messageOf(error), { hint: usage })
  }
}
