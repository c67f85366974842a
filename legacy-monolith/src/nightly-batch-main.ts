import process from 'node:process'
import { parseArgs } from 'node:util'
import { runNightlyBatch } from './nightly-batch.ts'
import { countOption, databaseUrlOf, explainFailure } from './start-failure.ts'

try {
  const { values } = parseArgs({ options: { limit: { type: 'string' } } })
  const limit = countOption(values.limit, 'limit')
  const result = await runNightlyBatch(databaseUrlOf(process.env), { limit, now: () => new Date() })
  if (result.refused !== null) {
    process.stderr.write(
      `The nightly batch was refused after ${result.reviewed} customers: ${result.refused}\n`,
    )
    process.exitCode = 1
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} catch (error) {
  const { sentence, exitCode } = explainFailure(error)
  process.stderr.write(`${sentence}\n`)
  process.exitCode = exitCode
}
