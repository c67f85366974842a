import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createConnection } from 'mysql2/promise'
import { kill, stopLeftover } from './stop-leftover.ts'

export type Mariadb = {
  /** `mysql://root:…@127.0.0.1:PORT/`: the instance's administrator. */
  adminUrl: string
  port: number
  pid: number
  log: string
  /** Resolves when the server ended, however it ended. */
  ended: Promise<void>
  stop(): Promise<void>
}

const run = promisify(execFile)
/** Servers live in sbin, which a user's PATH often lacks. */
const locate = 'PATH="$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/opt/mariadb/bin"; command -v "$1"'

/**
 * The server runs below a shell that holds our pipe as its lifeline: when this process is gone, even by kill -9,
 * the pipe ends and the shell stops the server. Background jobs get /dev/null as stdin, hence descriptor 3.
 */
const lifeline = 'exec 3<&0; "$@" & pid=$!; (cat <&3 >/dev/null; kill -TERM $pid 2>/dev/null) & wait $pid'

/**
 * Starts a private MariaDB: row binlog with full metadata, GTIDs, loopback only.
 * @param folder its data, configuration, socket and log live below it; created when missing, kept afterwards
 * @param password of root, set at every start
 * @throws ToolkitError MARIADB_MISSING, MARIADB_FAILED
 */
export async function startMariadb(folder: string, port: number, password: string): Promise<Mariadb> {
  const dataDir = join(folder, 'data')
  const pidFile = join(folder, 'mariadbd.pid')
  await mkdir(folder, { recursive: true })
  const configFile = join(folder, 'my.cnf')
  await stopMariadbLeftover(folder)
  if (!existsSync(join(dataDir, 'mysql'))) await initialise(dataDir)
  await writeFile(configFile, configuration(folder, dataDir, port), { mode: 0o600 })
  const initFile = join(folder, 'init.sql')
  await writeFile(initFile, `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';\n`, { mode: 0o600 })

  const args = [
    `--defaults-file=${configFile}`,
    `--init-file=${initFile}`,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ]
  const shell = spawn('sh', ['-c', lifeline, 'sh', await findBinary('mariadbd'), ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>(resolve => shell.on('exit', () => resolve()))
  const adminUrl = `mysql://root:${password}@127.0.0.1:${port}/`
  const log = join(folder, 'error.log')
  await untilReady(adminUrl, shell, log)
  const pid = Number(await readFile(pidFile, 'utf8'))
  return {
    adminUrl,
    port,
    pid,
    log,
    ended,
    stop: async () => {
      shell.stdin?.end()
      const slow = setTimeout(() => kill(pid, 'SIGKILL'), 20_000)
      await ended
      clearTimeout(slow)
      await rm(pidFile, { force: true })
    },
  }
}

/** Ends a server of an earlier run that still works in this folder. */
export function stopMariadbLeftover(folder: string): Promise<void> {
  const ours = `--defaults-file=${join(folder, 'my.cnf')}`
  return stopLeftover(join(folder, 'mariadbd.pid'), args => args.includes(ours), 20_000)
}

function configuration(folder: string, dataDir: string, port: number): string {
  return `[mariadbd]
datadir=${dataDir}
port=${port}
bind-address=127.0.0.1
socket=${join(folder, 'mariadbd.sock')}
pid-file=${join(folder, 'mariadbd.pid')}
log-error=${join(folder, 'error.log')}
server-id=1
log-bin=binlog
binlog-format=ROW
binlog-row-image=FULL
binlog-row-metadata=FULL
gtid-strict-mode=1
log-bin-trust-function-creators=1
expire-logs-days=7
character-set-server=utf8mb4
collation-server=utf8mb4_unicode_ci
transaction-isolation=READ-COMMITTED
default-time-zone=+00:00
innodb-buffer-pool-size=256M
innodb-flush-log-at-trx-commit=1
sync-binlog=1
max-connections=500
max-allowed-packet=64M
skip-name-resolve=0
performance-schema=0
`
}

async function initialise(dataDir: string): Promise<void> {
  const args = [
    '--no-defaults',
    `--datadir=${dataDir}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    // A container may not know its own host name; the accounts are ours to make in any case.
    '--force',
  ]
  try {
    await run(await findBinary('mariadb-install-db'), [
      ...args,
      ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    ])
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true })
    throw new ToolkitError(
      'MARIADB_FAILED',
      `mariadb-install-db could not prepare ${dataDir}: ${messageOf(error)}`,
      {
        hint: 'check free disk space and the rights on that folder',
        cause: error,
      },
    )
  }
}

async function untilReady(adminUrl: string, shell: ChildProcess, errorLog: string): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      const connection = await createConnection({ uri: adminUrl, connectTimeout: 2_000 })
      await connection.end()
      return
    } catch (error) {
      if (shell.exitCode !== null || Date.now() > deadline) {
        shell.stdin?.end()
        const log = existsSync(errorLog)
          ? readFileSync(errorLog, 'utf8').split('\n').slice(-6).join('\n')
          : ''
        throw new ToolkitError(
          'MARIADB_FAILED',
          `the private MariaDB did not come up: ${messageOf(error)}\n${log}`,
          {
            hint: `read ${errorLog}; removing its folder starts afresh`,
            cause: error,
          },
        )
      }
      await delay(40)
    }
  }
}

async function findBinary(name: string): Promise<string> {
  try {
    return (await run('sh', ['-c', locate, 'sh', name])).stdout.trim()
  } catch {
    throw new ToolkitError('MARIADB_MISSING', `\`${name}\` is not on this machine`, {
      hint: 'install MariaDB 10.11 or later, for example: apt-get install mariadb-server-core mariadb-client-core',
    })
  }
}
