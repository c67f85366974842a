import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { stopLeftover } from './stop-leftover.ts'

export type JavaSpec = {
  /** As it appears in messages; also names the log and pid files. */
  name: string
  /** Log, pid and configuration live here; no two processes of one name share a folder. */
  folder: string
  classPath: string
  mainClass: string
  args: readonly string[]
  /** Of this process; what a JVM needs of it is passed on. */
  baseEnv: NodeJS.ProcessEnv
  env?: Readonly<Record<string, string>>
  /** Whether it can serve by now; asked every 100 ms. */
  isReady(): Promise<boolean>
}

export type JavaProcess = {
  pid: number
  log: string
  /** Resolves when it ended, however it ended. */
  ended: Promise<void>
  stop(): Promise<void>
}

const readyWithinMs = 90_000
const stopWithinSeconds = 15

/**
 * The JVM runs below a shell that holds our pipe as its lifeline, as MariaDB does. Kafka may hang in its own shutdown
 * when its peers are gone, so a second signal follows, unless the shell has seen the end by then.
 */
const lifeline = `exec 3<&0
"$@" >>"$JAVA_LOG" 2>&1 <&- 3<&- & pid=$!
echo $pid >"$JAVA_PID"
(cat <&3 >/dev/null
kill -TERM $pid 2>/dev/null
left=${stopWithinSeconds * 10}
while [ $left -gt 0 ] && kill -0 $pid 2>/dev/null; do sleep 0.1; left=$((left-1)); done
[ $left -gt 0 ] || kill -KILL $pid 2>/dev/null) &
wait $pid`

/**
 * Starts a JVM with a small heap and waits until it serves. It does not outlive this process, not even its kill -9.
 * @throws ToolkitError KAFKA_FAILED with the last lines of its log
 */
export async function startJava(spec: JavaSpec): Promise<JavaProcess> {
  const { name, folder } = spec
  await mkdir(folder, { recursive: true })
  const log = join(folder, `${name}.log`)
  const pidFile = join(folder, `${name}.pid`)
  const mark = markOf(folder, name)
  await stopJavaLeftover(folder, name)
  await writeFile(log, '')
  const command = [
    'java',
    '-Xms64m',
    '-Xmx512m',
    mark,
    logging(await loggingFile(folder)),
    '-cp',
    `${spec.classPath}/*`,
  ]
  const shell = spawn('sh', ['-c', lifeline, 'sh', ...command, spec.mainClass, ...spec.args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...inherited(spec.baseEnv), ...spec.env, JAVA_LOG: log, JAVA_PID: pidFile },
  })
  shell.stdin.on('error', () => {})
  const ended = new Promise<void>(resolve => shell.on('exit', () => resolve()))
  const stop = async () => {
    shell.stdin.end()
    await ended
    await rm(pidFile, { force: true })
  }
  const deadline = Date.now() + readyWithinMs
  while (!(await spec.isReady())) {
    if (shell.exitCode !== null || shell.signalCode !== null || Date.now() > deadline) {
      const why =
        shell.exitCode === null ? `is not ready after ${readyWithinMs} ms` : `ended with ${shell.exitCode}`
      await stop()
      const lastLines = (await readFile(log, 'utf8')).trim().split('\n').slice(-8).join('\n')
      throw new ToolkitError('KAFKA_FAILED', `${name} ${why}\n${lastLines}`, {
        details: { log },
        hint: `read ${log}; removing ${folder} starts afresh`,
      })
    }
    await delay(100)
  }
  return { pid: Number(await readFile(pidFile, 'utf8')), log, ended, stop }
}

/** Ends a JVM of that name of an earlier run that still works in this folder. */
export function stopJavaLeftover(folder: string, name: string): Promise<void> {
  const mark = markOf(folder, name)
  return stopLeftover(join(folder, `${name}.pid`), args => args.includes(mark), stopWithinSeconds * 1_000)
}

/** An argument that tells one folder's process from all others. */
function markOf(folder: string, name: string): string {
  return `-Dstrangler.folder=${join(folder, name)}`
}

/** Tokens of ours are no business of a JVM that runs whatever connector it is given. */
function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'JAVA_HOME', 'LANG', 'TZ', 'TMPDIR']
  return Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/** One log4j configuration for all: warnings and Kafka's own news, plain lines. */
async function loggingFile(folder: string): Promise<string> {
  const file = join(folder, 'log4j2.properties')
  await writeFile(
    file,
    `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %-5p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
logger.config.name=org.apache.kafka.common.config
logger.config.level=warn
logger.clients.name=org.apache.kafka.clients
logger.clients.level=warn
logger.scan.name=org.reflections
logger.scan.level=error
`,
  )
  return file
}

function logging(file: string): string {
  return `-Dlog4j2.configurationFile=${file}`
}
