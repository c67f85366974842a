import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMain } from '@strangler/kit/run-main.ts'
import { startSystem } from '@strangler/stack/start-system.ts'
import { copyConfigWithFreePorts } from '@strangler/stack/system-config.ts'

/** A system of its own in a folder of its own, which goes with it; `system-main.ts CUSTOMERS`. Its faults are allowed. */
const root = join(import.meta.dirname, '..', '..', '..')

await runMain(process, async env => {
  const stateDir = await mkdtemp(join(tmpdir(), 'strangler-bench-'))
  const { ports, file } = await copyConfigWithFreePorts(join(root, 'strangler.yaml'), stateDir)
  const log = createWriteStream(join(stateDir, 'system.log'))
  const system = await startSystem({
    root,
    stateDir,
    configFile: file,
    ports,
    node: process.execPath,
    env,
    customers: Number(process.argv[2] ?? 2_000),
    faults: true,
    onLog: (name, line) => log.write(`${name} ${line}\n`),
    onProgress: () => {},
  })
  return {
    ready: {
      url: `http://127.0.0.1:${ports.proxy}`,
      engineUrl: `http://127.0.0.1:${ports.engine}`,
      databaseUrl: system.adminUrl,
      token: system.secrets.token,
      stateDir,
    },
    close: async () => {
      await system.stop()
      log.end()
      if (env.STRANGLER_KEEP === undefined) await rm(stateDir, { recursive: true, force: true })
    },
  }
})
