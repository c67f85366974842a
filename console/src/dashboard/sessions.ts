import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type Session = {
  /** Who the operator says to be, for the audit log: the token is shared. */
  by: string
  /** A viewer looks and changes nothing. */
  role: Role
  /** Aborted at sign-out or expiry. */
  ended: AbortSignal
}

export type Role = 'operator' | 'viewer'

export type Sessions = {
  /** @returns the secret for the cookie @throws ToolkitError TOKEN_WRONG, TOO_MANY_ATTEMPTS */
  open(token: string, by: string): string
  find(secret: string | undefined): Session | undefined
  end(secret: string | undefined): void
}

export const sessionMs = 12 * 3_600_000
const maxSessions = 200
const attemptsPerMinute = 10

type Kept = Session & { usedAt: number; end(): void }

/**
 * Sessions live in memory only: a restart signs everybody out.
 * @param tokens the operator's, as STRANGLER_TOKEN gives it, and the viewer's where there is one
 */
export function createSessions(
  tokens: { operator: string; viewer?: string | undefined },
  clock: Clock,
): Sessions {
  const kept = new Map<string, Kept>()
  let failures: number[] = []

  function forgetOld(): void {
    for (const [key, session] of kept)
      if (clock.elapsed() - session.usedAt > sessionMs || kept.size > maxSessions) drop(key)
  }

  function drop(key: string): void {
    kept.get(key)?.end()
    kept.delete(key)
  }

  return {
    open(given, by) {
      const now = clock.elapsed()
      failures = failures.filter(at => now - at < 60_000)
      if (failures.length >= attemptsPerMinute)
        throw new ToolkitError('TOO_MANY_ATTEMPTS', 'too many wrong tokens; wait a minute', {
          details: { retryAfterSeconds: Math.ceil((60_000 - (now - failures[0]!)) / 1_000) },
        })
      const role = roleOf(given, tokens)
      if (role === undefined) {
        failures.push(now)
        throw new ToolkitError('TOKEN_WRONG', 'this is not the token of the system', {
          hint: 'it is in the file .strangler/token where the system was started',
        })
      }
      const secret = randomBytes(32).toString('base64url')
      const controller = new AbortController()
      kept.set(keyOf(secret), {
        by,
        role,
        ended: controller.signal,
        usedAt: now,
        end: () => controller.abort(),
      })
      forgetOld()
      return secret
    },
    find(secret) {
      if (secret === undefined) return undefined
      forgetOld()
      const key = keyOf(secret)
      const session = kept.get(key)
      if (session === undefined) return undefined
      session.usedAt = clock.elapsed()
      // Least recently used first, for the limit.
      kept.delete(key)
      kept.set(key, session)
      return session
    },
    end(secret) {
      if (secret !== undefined) drop(keyOf(secret))
    },
  }
}

/** Takes as long for a wrong token as for a right one. */
function roleOf(given: string, tokens: { operator: string; viewer?: string | undefined }): Role | undefined {
  const isOperator = timingSafeEqual(digest(given), digest(tokens.operator))
  const isViewer = timingSafeEqual(digest(given), digest(tokens.viewer ?? '')) && given !== ''
  return isOperator ? 'operator' : isViewer ? 'viewer' : undefined
}

/** Of the secret only its hash is kept; a lookup by it tells nothing by its time. */
function keyOf(secret: string): string {
  return digest(secret).toString('hex')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
