import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { clearState } from '@strangler/stack/clear-state.ts'
import { startSystem } from '@strangler/stack/start-system.ts'
import { copyConfigWithFreePorts } from '@strangler/stack/system-config.ts'
import { runDemo } from './run-demo.ts'

/**
 * `npm run demo [-- --all] [--distributed]`: one shot on a system of its own; exit 0 only if every claim held.
 * `--all`: the catalog moves after the customers, while the monolith goes on taking orders.
 * `--distributed`: with Kafka, Connect and Debezium instead of the parts in process.
 */
const root = dirname(dirname(import.meta.dirname))
const stateDir = join(root, '.strangler', 'demo')
const reports = join(root, '.strangler', 'reports')
const customers = 20_000
const asked = new Set(process.argv.slice(2))
const write = (text: string) => process.stdout.write(text)
const unknown = [...asked].filter(flag => !['--distributed', '--all'].includes(flag))
if (unknown.length > 0) {
  process.stderr.write(`npm run demo knows no “${unknown.join('”, “')}”; there are: --all, --distributed\n`)
  process.exit(2)
}

try {
  await clearState(stateDir)
  await mkdir(stateDir, { recursive: true })
  await mkdir(reports, { recursive: true })
  const { ports, file } = await copyConfigWithFreePorts(join(root, 'strangler.yaml'), stateDir)
  const log = createWriteStream(join(stateDir, 'system.log'), { mode: 0o600 })
  write('The story of one capability: from the monolith to a service, back, and there again.\n')
  const system = await startSystem({
    root,
    stateDir,
    configFile: file,
    ports,
    node: process.execPath,
    env: process.env,
    customers,
    distributed: asked.has('--distributed'),
    customersMain: join(root, 'demo/src/defective-customers/main.ts'),
    onLog: (name, line) => log.write(`${name} ${line}\n`),
    onProgress: message => write(`  ${message} …\n`),
  })
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.on(signal, () => reject(new Error(`stopped by ${signal}`)))
    void system.supervisor.failed.then(reject)
  })
  try {
    const told = runDemo({
      root,
      stateDir,
      system,
      customers,
      all: asked.has('--all'),
      node: process.execPath,
      env: process.env,
      write,
      terminal: process.stdout.isTTY === true,
    })
    const { report, html, table } = await Promise.race([told, interrupted])
    await writeFile(join(reports, 'demo.json'), `${JSON.stringify(report, null, 2)}\n`)
    await writeFile(join(reports, 'demo.html'), html)
    write(
      `\n${table}\nreport: .strangler/reports/demo.html and demo.json; logs: .strangler/demo/system.log\n`,
    )
    process.exitCode = report.ok ? 0 : 1
    const failed = report.claims.filter(claim => !claim.ok).map(claim => claim.name)
    await system.stop()
    write(
      report.ok
        ? `demo: PASS ${report.claims.length} claims held in ${report.seconds.toFixed(0)} s of traffic\n`
        : `demo: FAIL ${failed.join('; ')}\n`,
    )
  } catch (error) {
    await system.stop()
    throw error
  }
} catch (error) {
  process.stderr.write(`\n${describeFailure(error)}`)
  write(`demo: FAIL ${error instanceof Error ? error.message.split('\n')[0] : 'see above'}\n`)
  process.exitCode = 1
}
process.exit()
