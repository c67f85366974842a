/** What an error carries besides its sentence. `hint` says what to do next; `details` holds the numbers. */
export type ErrorContext = {
  details?: Readonly<Record<string, unknown>>
  hint?: string
  cause?: unknown
}

/**
 * The one error class of the toolkit. `code` is stable (programs match on it), the message is for people.
 * HTTP statuses and exit codes are derived from `code` at the edge of each process, nowhere else.
 */
export class ToolkitError extends Error {
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly hint: string | undefined

  constructor(code: string, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.name = 'ToolkitError'
    this.code = code
    this.details = context.details ?? {}
    this.hint = context.hint
  }
}

/** Whether `error` is a ToolkitError, with that code when one is given. */
export function isToolkitError(error: unknown, code?: string): error is ToolkitError {
  return error instanceof ToolkitError && (code === undefined || error.code === code)
}

/** The message of anything thrown, never a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
