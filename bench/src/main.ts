import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Benchmark } from './report/benchmark.ts'
import { formatReport, shortfalls } from './report/format-report.ts'

/** `npm run bench -- NAME [--seconds N] [--rounds N] [--rows N] [--minutes N] [--seed N] [--json]`; exit code 0 also where a bar is missed: it is printed. */
const folder = join(import.meta.dirname, 'benchmarks')
const names = (await readdir(folder)).filter(file => file.endsWith('.ts')).map(file => basename(file, '.ts'))
const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const [name] = positionals
const seconds = values.minutes === undefined ? Number(values.seconds) : 60 * Number(values.minutes)
const rounds = Number(values.rounds)
const seed = values.seed === undefined ? undefined : Number(values.seed)
const rows = values.rows === undefined ? undefined : Number(values.rows)
if (
  name === undefined ||
  !names.includes(name) ||
  !(seconds > 0) ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  (seed !== undefined && !(Number.isInteger(seed) && seed >= 0)) ||
  (rows !== undefined && !(Number.isInteger(rows) && rows >= 1_000))
) {
  process.stderr.write(
    `bench NAME [--seconds N] [--rounds N] [--rows N, at least 1000] [--minutes N] [--seed N] [--json]\nNAME: ${names.join(', ')}\n`,
  )
  process.exit(2)
}
const { benchmark } = (await import(join(folder, `${name}.ts`))) as { benchmark: Benchmark }
const report = await benchmark({
  seconds,
  rounds,
  ...(rows === undefined ? {} : { rows }),
  ...(seed === undefined ? {} : { seed }),
  env: process.env,
  say: line => process.stderr.write(`${line}\n`),
})
process.stdout.write(
  values.json
    ? `${JSON.stringify({ name, ...report, shortfalls: shortfalls(report) })}\n`
    : formatReport(name, report),
)
