import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { type ControlSchema, openControlSchema } from '../src/journal/open-control-schema.ts'

export type TestSchema = ControlSchema & { url: string; drop(): Promise<void> }

/** A control schema of one test file's own, on the server of STRANGLER_TEST_DB. */
export async function makeControlSchema(adminUrl: string): Promise<TestSchema> {
  const name = `control_${randomBytes(5).toString('hex')}`
  const admin = await createConnection({ uri: adminUrl })
  await admin.query(`CREATE DATABASE ${name}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  const control = await openControlSchema(url.href, join(import.meta.dirname, '..', 'sql'))
  return {
    ...control,
    url: url.href,
    drop: async () => {
      await control.close()
      await admin.query(`DROP DATABASE ${name}`)
      await admin.end()
    },
  }
}
