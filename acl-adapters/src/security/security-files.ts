import { readFileSync } from 'node:fs'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { UsernameCredentials } from './username-token.ts'
import { createUsernameCheck, defaultUsernameRules, type SecurityCheck } from './verify-username.ts'

const credentials = z.strictObject({
  username: z.string().min(1),
  password: z.string(),
  form: z.enum(['text', 'digest']).default('digest'),
})
const users = z.record(z.string().min(1), z.string().min(1))

/** `{"username": "…", "password": "…", "form": "digest"}`. @throws ToolkitError SECURITY_FILE_INVALID */
export function readCredentials(path: string): UsernameCredentials {
  return readFile(path, credentials)
}

/** The check of `{"name": "password", …}`. @throws ToolkitError SECURITY_FILE_INVALID */
export function usernameCheckFrom(path: string): SecurityCheck {
  const passwords = new Map(Object.entries(readFile(path, users)))
  return createUsernameCheck({ passwords, ...defaultUsernameRules }, Date.now)
}

/** What was in the file is not repeated: it holds secrets. */
function readFile<T>(path: string, schema: z.ZodType<T>): T {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is not JSON' : messageOf(error)
    throw new ToolkitError('SECURITY_FILE_INVALID', `${path} ${why}`)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`)
  throw new ToolkitError('SECURITY_FILE_INVALID', `${path}: ${problems.join('; ')}`)
}
