import process from 'node:process'
import { parseArgs } from 'node:util'
import { installShop } from './install.ts'
import { seedShop } from './seed.ts'
import { countOption, databaseUrlOf, explainFailure } from './start-failure.ts'

try {
  const { values } = parseArgs({ options: { customers: { type: 'string' }, seed: { type: 'string' } } })
  const customers = countOption(values.customers, 'customers') ?? 0
  const seed = countOption(values.seed, 'seed') ?? 1
  const url = databaseUrlOf(process.env)
  await installShop(url)
  process.stdout.write(
    `${JSON.stringify({ installed: true, ...(await seedShop(url, { customers, seed })) })}\n`,
  )
} catch (error) {
  const { sentence, exitCode } = explainFailure(error)
  process.stderr.write(`${sentence}\n`)
  process.exitCode = exitCode
}
