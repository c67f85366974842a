import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Cli, createCli } from '@strangler/demo/strangler-cli.ts'
import { type System, startSystem } from '@strangler/stack/start-system.ts'
import { copyConfigWithFreePorts } from '@strangler/stack/system-config.ts'

export const root = dirname(dirname(import.meta.dirname))

export type TestSystem = {
  system: System
  stateDir: string
  configFile: string
  /** `strangler … --json` against this system. */
  cli: Cli
  entryUrl: string
  stop(): Promise<void>
}

/** A system of its own in a folder of its own, with faults allowed; its log stays in that folder until `stop`. */
export async function startTestSystem(machine: NodeJS.Process, customers: number): Promise<TestSystem> {
  const stateDir = await mkdtemp(join(tmpdir(), 'strangler-e2e-'))
  const { ports, file } = await copyConfigWithFreePorts(join(root, 'strangler.yaml'), stateDir)
  const log = createWriteStream(join(stateDir, 'system.log'))
  const system = await startSystem({
    root,
    stateDir,
    configFile: file,
    ports,
    node: machine.execPath,
    env: machine.env,
    customers,
    faults: true,
    onLog: (name, line) => log.write(`${name} ${line}\n`),
    onProgress: () => {},
  })
  return {
    system,
    stateDir,
    configFile: file,
    cli: createCli(machine.execPath, root, stateDir, machine.env),
    entryUrl: `http://127.0.0.1:${ports.proxy}`,
    stop: async () => {
      await system.stop()
      log.end()
      if (machine.env.STRANGLER_KEEP === undefined) await rm(stateDir, { recursive: true, force: true })
    },
  }
}
