import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePorts } from '@strangler/stack/free-ports.ts'
import { type Connect, type Kafka, startConnect, startKafka } from '@strangler/stack/kafka.ts'
import { installKafkaJars } from '@strangler/stack/kafka-jars.ts'
import { startMariadb } from '@strangler/stack/mariadb.ts'

export type KafkaKit = {
  folder: string
  mariadb: { adminUrl: string; port: number; pid: number }
  kafka: Kafka
  connect: Connect
  /** Starts the broker again, with what it had. */
  restartKafka(): Promise<void>
  restartConnect(): Promise<void>
  close(): Promise<void>
}

/** A database, a broker and a Connect worker of their own, on loopback. @param secrets of the worker's environment */
export async function startKafkaKit(secrets: Readonly<Record<string, string>>): Promise<KafkaKit> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-debezium-'))
  const jars = await installKafkaJars(join(dirname(dirname(import.meta.dirname)), '.strangler', 'kafka'))
  const [port, broker, controller, rest] = (await freePorts(4)) as [number, number, number, number]
  const mariadb = await startMariadb(join(folder, 'mariadb'), port, 'secret')
  const broke = () => startKafka(join(folder, 'broker'), { broker, controller }, jars, process.env)
  const work = (bootstrapServers: string) =>
    startConnect(join(folder, 'connect'), { port: rest, bootstrapServers, secrets }, jars, process.env)
  const kafka = await broke()
  const kit: KafkaKit = {
    folder,
    mariadb: { adminUrl: mariadb.adminUrl, port, pid: mariadb.pid },
    kafka,
    connect: await work(kafka.bootstrapServers),
    restartKafka: async () => {
      kit.kafka = await broke()
    },
    restartConnect: async () => {
      kit.connect = await work(kit.kafka.bootstrapServers)
    },
    close: async () => {
      await kit.connect.stop()
      await kit.kafka.stop()
      await mariadb.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return kit
}
