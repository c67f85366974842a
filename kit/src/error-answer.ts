import { isToolkitError, messageOf } from './toolkit-error.ts'

/** An error as an HTTP API tells it. `unforeseen` ones belong in the log: their answer says nothing about them. */
export type ErrorAnswer = { status: number; unforeseen: boolean; body: Record<string, unknown> }

/**
 * @param statuses of the codes that a caller can cause; every other error is a 500
 * @param who fails when nobody foresaw it, for the message: `the proxy`
 */
export function errorAnswer(
  error: unknown,
  statuses: Readonly<Record<string, number>>,
  who: string,
): ErrorAnswer {
  if (isToolkitError(error)) {
    const { code, message, hint } = error
    const { problems, ...details } = error.details
    const body = {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(problems === undefined ? {} : { problems }),
      details,
    }
    return { status: statuses[code] ?? 500, unforeseen: false, body }
  }
  // Errors of body parsing carry the status that they mean.
  const status = error instanceof Error && 'status' in error ? error.status : 500
  if (typeof status === 'number' && status < 500)
    return { status, unforeseen: false, body: { code: 'REQUEST_INVALID', message: messageOf(error) } }
  return {
    status: 500,
    unforeseen: true,
    body: { code: 'INTERNAL', message: `${who} failed; its log says how` },
  }
}
