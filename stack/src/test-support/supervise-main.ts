import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { startMariadb } from '../mariadb.ts'
import { createSupervisor } from '../supervisor.ts'

/** A supervisor with a database and an idle process, for tests that kill it. Argument: its state folder. */
const stateDir = process.argv[2]!
const supervisor = createSupervisor(stateDir, process.execPath, process.env, () => {})
const [port] = await freePorts(1)
const mariadb = await startMariadb(join(stateDir, 'mariadb'), port!, 'only-for-this-test')
const running = { pid: mariadb.pid, url: `mysql://127.0.0.1:${port}/` }
await supervisor.adopt({ ...mariadb, name: 'mariadb', running })
await supervisor.start({
  name: 'idle',
  main: join(import.meta.dirname, 'idle-main.ts'),
  env: {},
  onCrash: 'stop',
})
process.on('SIGINT', () => void supervisor.stopAll().then(() => process.exit(0)))
void supervisor.failed.then(() => supervisor.stopAll()).then(() => process.exit(1))
process.stdout.write(`${JSON.stringify(supervisor.running())}\n`)
