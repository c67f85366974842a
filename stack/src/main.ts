import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import { prefixedLog } from './prefixed-log.ts'
import { startSystem } from './start-system.ts'
import { configuredPorts } from './system-config.ts'

/**
 * `npm start [-- --distributed] [--faults]`: the system stays up until Ctrl-C.
 * `--distributed`: with Kafka, Connect and Debezium; `--faults`: drills may break parts of it, which then start again.
 */
const root = dirname(dirname(import.meta.dirname))
const stateDir = join(root, '.strangler')
const configFile = join(root, 'strangler.yaml')
const asked = new Set(process.argv.slice(2))
const unknown = [...asked].filter(flag => !['--distributed', '--faults'].includes(flag))
if (unknown.length > 0) {
  process.stderr.write(`npm start knows no “${unknown.join('”, “')}”; there are: --distributed, --faults\n`)
  process.exit(2)
}

try {
  await mkdir(stateDir, { recursive: true })
  const logFile = createWriteStream(join(stateDir, 'system.log'), { flags: 'a', mode: 0o600 })
  const show = prefixedLog(text => process.stdout.write(text), process.stdout.isTTY === true)
  const system = await startSystem({
    root,
    stateDir,
    configFile,
    ports: await configuredPorts(configFile),
    node: process.execPath,
    env: process.env,
    customers: 20_000,
    distributed: asked.has('--distributed'),
    faults: asked.has('--faults'),
    onLog: (name, line) => {
      logFile.write(`${name} ${line}\n`)
      show(name, line)
    },
    onProgress: message => process.stdout.write(`${message} …\n`),
  })
  const at = (port: number) => `http://127.0.0.1:${port}`
  process.stdout.write(`
The shop is up, with the monolith in charge.
  entry (REST and SOAP)   ${at(system.ports.proxy)}     try: curl ${at(system.ports.proxy)}/customers/1
  dashboard               ${at(system.ports.dashboard)}     sign in with the token in .strangler/token, or only look with that in viewer-token
  the users' portal       ${at(system.ports.dashboard)}/portal
  SOAP contract           ${at(system.ports.proxy)}/soap?wsdl
  storefront (web, phone) ${at(system.ports.storefront)}     try: curl ${at(system.ports.storefront)}/web/customers/1
  monolith itself         ${at(system.ports.monolith)}
  customers service       ${at(system.ports.customers)}/openapi.json
  engine, proxy admin     ${at(system.ports.engine)}, ${at(system.ports.admin)}   (token in .strangler/token)
  the file you toggle     strangler.yaml
Next, in another terminal:  npx strangler status   ·   npx strangler plan customers   ·   npx strangler run customers --to canary
Ctrl-C stops everything.\n\n`)
  const signal = new Promise<undefined>(resolve => {
    process.on('SIGINT', () => resolve(undefined))
    process.on('SIGTERM', () => resolve(undefined))
  })
  const failure = await Promise.race([signal, system.supervisor.failed])
  process.stdout.write('\nstopping …\n')
  await system.stop()
  if (failure !== undefined) process.stderr.write(describeFailure(failure))
  process.exit(failure === undefined ? 0 : 1)
} catch (error) {
  process.stderr.write(describeFailure(error))
  process.exit(isToolkitError(error) && error.code.startsWith('CONFIG_') ? 2 : 1)
}
