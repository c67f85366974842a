import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Benchmark } from './report/benchmark.ts'
import { formatReport, shortfalls } from './report/format-report.ts'

/** `npm run bench -- NAME [--seconds N] [--rounds N] [--rows N] [--json]`; exit code 0 also where a bar is missed: it is printed. */
const folder = join(import.meta.dirname, 'benchmarks')
const names = (await readdir(folder)).filter(file => file.endsWith('.ts')).map(file => basename(file, '.ts'))
const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const [name] = positionals
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const rows = values.rows === undefined ? undefined : Number(values.rows)
if (
  name === undefined ||
  !names.includes(name) ||
  !(seconds > 0) ||
  !Number.isInteger(rounds) ||
  rounds < 1 ||
  (rows !== undefined && !(Number.isInteger(rows) && rows >= 1_000))
) {
  process.stderr.write(
    `bench NAME [--seconds N] [--rounds N] [--rows N, at least 1000] [--json]\nNAME: ${names.join(', ')}\n`,
  )
  process.exit(2)
}
const { benchmark } = (await import(join(folder, `${name}.ts`))) as { benchmark: Benchmark }
const report = await benchmark({
  seconds,
  rounds,
  ...(rows === undefined ? {} : { rows }),
  say: line => process.stderr.write(`${line}\n`),
})
process.stdout.write(
  values.json
    ? `${JSON.stringify({ name, ...report, shortfalls: shortfalls(report) })}\n`
    : formatReport(name, report),
)
