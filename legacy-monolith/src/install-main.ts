import { parseArgs } from 'node:util'
import { installShop } from './install.ts'
import { seedShop } from './seed.ts'

/** Creates the shop's tables and, in an empty shop, its rows: `--customers N --seed N`, DATABASE_URL. */
const { values } = parseArgs({
  options: { customers: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
})
const url = process.env.DATABASE_URL
const customers = Number(values.customers)
const seed = Number(values.seed)
if (url === undefined || !Number.isInteger(customers) || customers < 0 || !Number.isInteger(seed)) {
  process.stderr.write('usage: DATABASE_URL=mysql://… node install-main.ts [--customers N] [--seed N]\n')
  process.exit(2)
}
try {
  await installShop(url)
  process.stdout.write(`${JSON.stringify(await seedShop(url, { customers, seed }))}\n`)
} catch (error) {
  process.stderr.write(`the shop could not be installed: ${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
