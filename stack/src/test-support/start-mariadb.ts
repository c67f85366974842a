import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { type Mariadb, startMariadb } from '../mariadb.ts'

declare global {
  var stranglerTestDatabase: { server: Mariadb; folder: string } | undefined
}

/** jest's globalSetup of the database group: one private server for all files, each of which makes its own schema. */
export default async function startTestMariadb(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-test-'))
  const [port] = await freePorts(1)
  const server = await startMariadb(folder, port!, randomBytes(12).toString('hex'))
  globalThis.stranglerTestDatabase = { server, folder }
  process.env.STRANGLER_TEST_DB = server.adminUrl
}
