import { closeDatabasePool, createDatabasePool } from '@strangler/chassis/database/create-database-pool.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { operateOrders } from './operate/operate-orders.ts'

const environment = z.object({ DATABASE_URL: z.url({ protocol: /^mysql$/ }) })

try {
  const { DATABASE_URL } = readEnv(environment, process.env)
  const pool = createDatabasePool(DATABASE_URL, { connections: 2 })
  try {
    const document = await operateOrders(pool, systemClock, process.argv.slice(2))
    process.stdout.write(`${JSON.stringify(document)}\n`)
  } finally {
    await closeDatabasePool(pool)
  }
} catch (error) {
  process.stderr.write(describeFailure(error))
  process.exitCode = isToolkitError(error) && /^(USAGE|ENV)_/.test(error.code) ? 2 : 1
}
