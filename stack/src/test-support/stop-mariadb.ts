import { rm } from 'node:fs/promises'

/** jest's globalTeardown of the database group. */
export default async function stopTestMariadb(): Promise<void> {
  const running = globalThis.stranglerTestDatabase
  if (running === undefined) return
  await running.server.stop()
  await rm(running.folder, { recursive: true, force: true })
}
