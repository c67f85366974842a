import { createInterface } from 'node:readline'
import { createLog } from '@strangler/kit/log.ts'
import { binlogSources } from '@strangler/migrations/cdc/change-sources.ts'
import { createDebeziumSources } from '@strangler/migrations/cdc/debezium-sources.ts'
import { databasesOf } from './cdc-tables.ts'
import { type CdcTask, runCdcTask } from './cdc-tasks.ts'

/** A contender of `bench cdc` in a process of its own, so that its memory is its own: one task a line, one answer a line. */
const [adminUrl, bootstrapServers, connectUrl] = process.argv.slice(2)
if (adminUrl === undefined) throw new Error('the URL of the database is missing')
const databases = databasesOf(adminUrl)
const sources =
  bootstrapServers === undefined || connectUrl === undefined
    ? binlogSources
    : createDebeziumSources({
        bootstrapServers: [bootstrapServers],
        connectUrl,
        sidesOf: () => databases,
        log: createLog('bench', 'warn'),
      })

process.stdout.write('{"ready":true}\n')
for await (const line of createInterface(process.stdin)) {
  const result = await runCdcTask(JSON.parse(line) as CdcTask, { adminUrl, databases, sources })
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
process.exit(0)
