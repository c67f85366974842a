import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { ProgramAnswer, Surroundings } from '../src/cli.ts'

const root = join(import.meta.dirname, '..', '..')
const mains = {
  proxy: 'strangler-proxy/src/main.ts',
  acl: 'acl-adapters/src/acl-main.ts',
  connector: 'migrations/debezium-connector-config/src/main.ts',
} as const

/** The real programs behind `ask`, as main.ts runs them. */
export const askPrograms: Surroundings['ask'] = (program, args) =>
  new Promise<ProgramAnswer>(resolve => {
    const all = ['--disable-warning=ExperimentalWarning', join(root, mains[program]), ...args]
    execFile(process.execPath, all, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr })
    })
  })

export const shopWsdl = join(root, 'legacy-monolith/wsdl/shop.wsdl')
