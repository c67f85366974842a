import type { Clock } from '@strangler/kit/clock.ts'
import type { Problem } from '@strangler/kit/problem.ts'
import type { Pool } from 'mysql2/promise'
import { withSession } from './with-transaction.ts'

const cacheMs = 1_000
const answerMs = 1_000

/**
 * For `/health/ready`: whether the database answers, asked at most once a second however many ask us.
 */
export function createDatabaseReadiness(pool: Pool, clock: Clock): () => Promise<readonly Problem[]> {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer: Promise<readonly Problem[]> = Promise.resolve([])
  return () => {
    if (clock.elapsed() - askedAt >= cacheMs) {
      askedAt = clock.elapsed()
      answer = ask(pool, clock)
    }
    return answer
  }
}

async function ask(pool: Pool, clock: Clock): Promise<readonly Problem[]> {
  const away = [{ path: 'database', message: 'the database does not answer' }]
  const over = new AbortController()
  const late = clock.sleep(answerMs, over.signal).then(
    () => away,
    () => away,
  )
  const asked = withSession(pool, session => session.rows('SELECT 1')).then(
    () => [],
    () => away,
  )
  const answer = await Promise.race([asked, late])
  over.abort()
  return answer
}
