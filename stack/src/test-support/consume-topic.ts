import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { KafkaJars } from '../kafka-jars.ts'

export type ConsumedRecord = { headers: string; key: string; value: string }

const run = promisify(execFile)

/** The first `count` records of a topic, by Kafka's own console consumer. Waits for them up to half a minute. */
export async function consumeTopic(
  jars: KafkaJars,
  bootstrapServers: string,
  topic: string,
  count: number,
): Promise<ConsumedRecord[]> {
  const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
  const separator = '\u001f'
  const properties = ['print.key=true', 'print.headers=true', `key.separator=${separator}`]
  const { stdout } = await run(
    'java',
    [
      ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${jars.libs}/*`, consumer],
      ...['--bootstrap-server', bootstrapServers, '--topic', topic, '--from-beginning'],
      ...['--max-messages', String(count), '--timeout-ms', '30000'],
      ...['--consumer-property', 'metadata.max.age.ms=500'],
      ...properties.flatMap(property => ['--property', property]),
    ],
    { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 },
  )
  return stdout
    .split('\n')
    .filter(line => line.includes(separator))
    .map(line => line.split(separator) as [string, string, string])
    .map(([headers, key, value]) => ({ headers, key, value }))
}
