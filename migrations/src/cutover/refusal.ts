import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'

/** A named reason, with numbers, why something may not run. */
export type Refusal = {
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
  hint?: string
}

export function refuse(
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  hint?: string,
): Refusal[] {
  return [{ code, message, details, ...(hint === undefined ? {} : { hint }) }]
}

/** A check that could not be made is a refusal too. */
export async function orRefusal(check: Promise<Refusal[]>): Promise<Refusal[]> {
  try {
    return await check
  } catch (error) {
    if (isToolkitError(error)) return refuse(error.code, error.message, error.details, error.hint)
    return refuse('CHECK_FAILED', messageOf(error))
  }
}
