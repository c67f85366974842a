import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, type ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ErrorRequestHandler, Response } from 'express'

const statuses: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 400,
  CAPABILITY_UNKNOWN: 404,
  GENERATION_UNKNOWN: 404,
  SIGNED_OUT: 401,
  TOKEN_WRONG: 401,
  TOO_MANY_ATTEMPTS: 429,
  TOO_MANY_RUNS: 429,
  VERB_UNDER_WAY: 409,
  STARTING: 503,
}

/** Statuses of the engine or a proxy that are the asker's own doing; the others are a fault between the processes. */
const passedOn = [400, 404, 409, 413, 422, 423]

/** Every failure as `{code, message, hint?, problems?}`; what nobody foresaw goes to the log, not to the page. */
export function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    if (isToolkitError(error)) return answerToolkitError(error, response)
    // Errors of body parsing carry the status that they mean.
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500
    if (status === 500) log.error({ err: error }, 'a request failed')
    response.status(status).json({
      code: status === 500 ? 'INTERNAL' : 'REQUEST_INVALID',
      message: status === 500 ? 'the dashboard failed; its log says how' : messageOf(error),
    })
  }
}

function answerToolkitError({ code, message, hint, details }: ToolkitError, response: Response): void {
  const { status, problems, retryAfterSeconds } = details
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
  response.status(statuses[code] ?? (passedOn.includes(Number(status)) ? Number(status) : 502)).json({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(problems === undefined ? {} : { problems }),
  })
}
