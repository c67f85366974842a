import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { startConnect, startKafka } from './kafka.ts'
import { installKafkaJars } from './kafka-jars.ts'
import type { Supervisor } from './supervisor.ts'

/** Where the brokers and the Connect worker of a distributed system are. */
export type DistributedParts = {
  /** `host:port`, as clients of Kafka take it. */
  kafka: string
  /** Of Connect's REST interface. */
  connect: string
}

/**
 * Kafka and a Connect worker with Debezium, started and handed to the supervisor.
 * @param options.jarsFolder shared by all systems of this repository
 * @throws ToolkitError JAVA_MISSING, MAVEN_MISSING, KAFKA_JARS_FAILED, KAFKA_FAILED
 */
export async function startDistributedParts(
  supervisor: Supervisor,
  options: {
    stateDir: string
    jarsFolder: string
    env: NodeJS.ProcessEnv
    /** What connectors' configurations refer to as `${env:NAME}`. */
    passwords: Readonly<Record<string, string>>
    onProgress(message: string): void
  },
): Promise<DistributedParts> {
  const { stateDir, env, onProgress } = options
  const jars = await installKafkaJars(options.jarsFolder, onProgress)
  const [broker, controller, rest] = (await freePorts(3)) as [number, number, number]
  onProgress('starting Kafka')
  const kafka = await startKafka(join(stateDir, 'kafka'), { broker, controller }, jars, env)
  const { bootstrapServers } = kafka
  await supervisor.adopt({
    ...kafka,
    name: 'kafka',
    running: { pid: kafka.pid, url: `kafka://${bootstrapServers}` },
  })
  onProgress('starting Connect')
  const worker = { port: rest, bootstrapServers, secrets: options.passwords }
  const connect = await startConnect(join(stateDir, 'connect'), worker, jars, env)
  await supervisor.adopt({ ...connect, name: 'connect', running: { pid: connect.pid, url: connect.url } })
  return { kafka: bootstrapServers, connect: connect.url }
}
