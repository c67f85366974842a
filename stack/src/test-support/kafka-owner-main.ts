import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { startKafka } from '../kafka.ts'
import { installKafkaJars } from '../kafka-jars.ts'

/** Owns a Kafka and does nothing else, for tests that kill it. Arguments: its folder, that of the jars. */
const [folder, jarsFolder] = process.argv.slice(2) as [string, string]
const [broker, controller] = (await freePorts(2)) as [number, number]
const jars = await installKafkaJars(jarsFolder)
const kafka = await startKafka(join(folder, 'broker'), { broker, controller }, jars, process.env)
process.stdout.write(`${JSON.stringify({ pid: kafka.pid })}\n`)
