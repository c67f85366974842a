import type { ZodType } from 'zod'
import { invalidInput } from './problem.ts'

/**
 * The environment of a process, checked at the door.
 * @throws ToolkitError ENV_INVALID with every variable that is missing or wrong
 */
export function readEnv<T>(schema: ZodType<T>, env: NodeJS.ProcessEnv): T {
  const parsed = schema.safeParse(env)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  throw invalidInput('ENV_INVALID', 'environment', problems)
}
