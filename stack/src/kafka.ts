import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type JavaProcess, startJava } from './java-process.ts'
import type { KafkaJars } from './kafka-jars.ts'

export type Kafka = JavaProcess & {
  /** `127.0.0.1:PORT`, as clients take it. */
  bootstrapServers: string
}

export type Connect = JavaProcess & {
  /** Of the REST interface. */
  url: string
}

const run = promisify(execFile)

/**
 * Starts one Kafka node, broker and KRaft controller at once, on loopback. Topics survive a restart.
 * @param folder data, configuration and log live below it
 * @param env of this process: where java is found
 * @throws ToolkitError KAFKA_FAILED
 */
export async function startKafka(
  folder: string,
  ports: { broker: number; controller: number },
  jars: KafkaJars,
  env: NodeJS.ProcessEnv,
): Promise<Kafka> {
  await mkdir(folder, { recursive: true })
  const dataDir = join(folder, 'data')
  const configFile = join(folder, 'server.properties')
  await writeFile(configFile, brokerProperties(dataDir, ports))
  if (!existsSync(join(dataDir, 'meta.properties'))) await format(configFile, dataDir, jars)
  const kafka = await startJava({
    name: 'kafka',
    folder,
    classPath: jars.libs,
    mainClass: 'kafka.Kafka',
    args: [configFile],
    baseEnv: env,
    isReady: () => accepts(ports.broker),
  })
  return { ...kafka, bootstrapServers: `127.0.0.1:${ports.broker}` }
}

/**
 * Starts one Connect worker with Debezium's MariaDB and MySQL connectors, on loopback. Its state lives in Kafka.
 * @param options.secrets values that a connector's configuration may refer to as `${env:NAME}`, and no others
 * @throws ToolkitError KAFKA_FAILED
 */
export async function startConnect(
  folder: string,
  options: { port: number; bootstrapServers: string; secrets?: Readonly<Record<string, string>> },
  jars: KafkaJars,
  env: NodeJS.ProcessEnv,
): Promise<Connect> {
  await mkdir(folder, { recursive: true })
  const configFile = join(folder, 'connect.properties')
  const secrets = options.secrets ?? {}
  await writeFile(
    configFile,
    workerProperties(options.port, options.bootstrapServers, Object.keys(secrets), jars),
  )
  const url = `http://127.0.0.1:${options.port}`
  const worker = await startJava({
    name: 'connect',
    folder,
    classPath: jars.libs,
    mainClass: 'org.apache.kafka.connect.cli.ConnectDistributed',
    args: [configFile],
    baseEnv: env,
    env: secrets,
    isReady: () => isHealthy(url),
  })
  return { ...worker, url }
}

function brokerProperties(
  dataDir: string,
  { broker, controller }: { broker: number; controller: number },
): string {
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
log.dirs=${dataDir}
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`
}

/** A folder without its marks is no data yet: what an interrupted attempt left is taken away. */
async function format(configFile: string, dataDir: string, jars: KafkaJars): Promise<void> {
  await rm(dataDir, { recursive: true, force: true })
  const id = randomBytes(16).toString('base64url')
  const tool = ['-cp', `${jars.libs}/*`, 'kafka.tools.StorageTool', 'format', '--standalone']
  try {
    await run('java', ['-Xmx128m', ...tool, `--cluster-id=${id}`, '--config', configFile], {
      timeout: 60_000,
    })
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true })
    throw new ToolkitError('KAFKA_FAILED', `Kafka's folder could not be prepared: ${messageOf(error)}`, {
      details: { dataDir },
      hint: 'check free disk space and the rights on that folder',
      cause: error,
    })
  }
}

function workerProperties(
  port: number,
  bootstrapServers: string,
  secrets: readonly string[],
  jars: KafkaJars,
): string {
  return `bootstrap.servers=${bootstrapServers}
group.id=strangler-connect
listeners=http://127.0.0.1:${port}
rest.advertised.host.name=127.0.0.1
plugin.path=${jars.plugins}
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
config.storage.topic=connect-configs
config.storage.replication.factor=1
offset.storage.topic=connect-offsets
offset.storage.partitions=4
offset.storage.replication.factor=1
status.storage.topic=connect-status
status.storage.partitions=1
status.storage.replication.factor=1
offset.flush.interval.ms=1000
scheduled.rebalance.max.delay.ms=0
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern=${secrets.length === 0 ? '(?!)' : secrets.join('|')}
`
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.on('connect', () => end(true)).on('error', () => end(false))
  })
}

/** Healthy means that the worker has joined its group and read its configuration, not only that it listens. */
async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
