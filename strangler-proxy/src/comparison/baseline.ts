import { invalidInput } from '@strangler/kit/problem.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'

/** A divergence that is accepted for a reason, until a day. */
export type Accepted = { route?: string; path: string; reason: string; expires: string }

export type Baseline = { accepted: Accepted[]; expired: Accepted[] }

const entries = z.array(
  z.strictObject({
    route: z.string().min(1).exactOptional(),
    path: z.string().min(1),
    reason: z.string().trim().min(1, 'say why it is accepted'),
    expires: z.iso.date(),
  }),
)

/**
 * Reads a baseline: a JSON list of `{route?, path, reason, expires}`; an entry counts up to and including its day (UTC).
 * @throws ToolkitError USAGE_BASELINE_INVALID with every problem
 */
export function readBaseline(text: string, file: string, today: Date): Baseline {
  const parsed = entries.safeParse(parseJson(text, file))
  if (!parsed.success)
    throw invalidInput(
      'USAGE_BASELINE_INVALID',
      file,
      parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    )
  const day = today.toISOString().slice(0, 10)
  const isOver = ({ expires }: Accepted) => expires < day
  return {
    accepted: parsed.data.filter(entry => !isOver(entry)),
    expired: parsed.data.filter(isOver),
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidInput('USAGE_BASELINE_INVALID', file, [{ path: '', message: messageOf(error) }])
  }
}
