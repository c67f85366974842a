import { dirname, join } from 'node:path'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { freePorts } from './free-ports.ts'
import { startConnect, startKafka } from './kafka.ts'
import { installKafkaJars } from './kafka-jars.ts'

/** Kafka and Connect on loopback until Ctrl-C. `KAFKA_PORT` and `CONNECT_PORT` fix their ports; else free ones. */
const folder = join(dirname(dirname(import.meta.dirname)), '.strangler', 'kafka')
const say = (message: string) => process.stdout.write(`${message}\n`)
const signal = new Promise<string>(resolve => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve(''))
})

try {
  const jars = await installKafkaJars(folder, message => say(`${message} …`))
  const [free, controller, rest] = (await freePorts(3)) as [number, number, number]
  const broker = Number(process.env.KAFKA_PORT ?? free)
  say('starting Kafka …')
  const kafka = await startKafka(join(folder, 'broker'), { broker, controller }, jars, process.env)
  say('starting Connect …')
  const { bootstrapServers } = kafka
  const port = Number(process.env.CONNECT_PORT ?? rest)
  const connect = await startConnect(join(folder, 'connect'), { port, bootstrapServers }, jars, process.env)
  say(`
  Kafka    ${bootstrapServers}     log: ${kafka.log}
  Connect  ${connect.url}     log: ${connect.log}
Ctrl-C stops both.
`)
  const lost = await Promise.race([
    signal,
    kafka.ended.then(() => `Kafka ended; read ${kafka.log}`),
    connect.ended.then(() => `Connect ended; read ${connect.log}`),
  ])
  say('stopping …')
  await connect.stop()
  await kafka.stop()
  if (lost !== '') process.stderr.write(`KAFKA_FAILED: ${lost}\n`)
  process.exit(lost === '' ? 0 : 1)
} catch (error) {
  process.stderr.write(describeFailure(error))
  process.exit(1)
}
