import type { Problem } from '@strangler/kit/problem.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Connection, createConnection, createPool, type Pool } from 'mysql2/promise'
import { installControlSchema } from './install-control-schema.ts'

export type ControlSchema = {
  pool: Pool
  /** A connection of its own, for what must end when the process ends. */
  connect(): Promise<Connection>
  /** Why the engine cannot work: the control schema does not answer. */
  problems(): Promise<Problem[]>
  close(): Promise<void>
}

/**
 * Opens the control schema and brings its tables up to date.
 * @param folder of the numbered files
 * @throws ToolkitError DATABASE_UNREACHABLE, and what `installControlSchema` throws
 */
export async function openControlSchema(url: string, folder: string): Promise<ControlSchema> {
  const options = { uri: url, timezone: 'Z', charset: 'utf8mb4', connectTimeout: 10_000 }
  const connect = async () => {
    try {
      return await createConnection(options)
    } catch (error) {
      throw new ToolkitError('DATABASE_UNREACHABLE', `the control schema: ${messageOf(error)}`, {
        hint: 'check that the server runs, and the account of STRANGLER_DATABASE_URL',
        cause: error,
      })
    }
  }
  const installer = await connect()
  try {
    await installControlSchema(installer, folder)
  } finally {
    await installer.end()
  }
  const pool = createPool({ ...options, connectionLimit: 8 })
  return {
    pool,
    connect,
    problems: async () => {
      try {
        await pool.query('SELECT 1')
        return []
      } catch (error) {
        return [{ path: 'STRANGLER_DATABASE_URL', message: messageOf(error) }]
      }
    },
    close: () => pool.end(),
  }
}
