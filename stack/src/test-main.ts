import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** `npm test [-- GROUP…]`: types, style, then the test groups; the last line counts them all. */
const root = dirname(dirname(import.meta.dirname))
const groups = ['types', 'style', 'unit', 'process', 'db', 'e2e'] as const
type Group = (typeof groups)[number]
type Count = { passed: number; failed: number; skipped: number }

const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(root, 'node_modules/jest/bin/jest.js'),
]

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' })
    child.on('error', error => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve(1)
    })
    child.on('close', code => resolve(code ?? 1))
  })
}

async function check(command: string, args: readonly string[]): Promise<Count> {
  const failed = (await run(join(root, 'node_modules/.bin', command), args)) === 0 ? 0 : 1
  return { passed: 1 - failed, failed, skipped: 0 }
}

async function tests(group: Group, args: readonly string[]): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-jest-'))
  const outputFile = join(folder, 'result.json')
  const exit = await run(process.execPath, [
    ...jest,
    '--selectProjects',
    group,
    '--json',
    '--outputFile',
    outputFile,
    ...args,
  ])
  try {
    const result = JSON.parse(await readFile(outputFile, 'utf8')) as Record<string, number>
    const failed = (result.numFailedTests ?? 0) + (result.numRuntimeErrorTestSuites ?? 0)
    const skipped = (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0)
    return { passed: result.numPassedTests ?? 0, failed: exit !== 0 && failed === 0 ? 1 : failed, skipped }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const runners: Record<Group, () => Promise<Count>> = {
  types: () => check('tsc', []),
  style: () => check('biome', ['check', '.']),
  unit: () => tests('unit', ['--maxWorkers=2']),
  // Tests that start processes of ours, or need seconds of real time.
  process: () => tests('process', ['--passWithNoTests']),
  db: () => tests('db', ['--maxWorkers=2']),
  // Whole systems share two cores: one at a time.
  e2e: () => tests('e2e', ['--runInBand']),
}

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !groups.includes(name as Group))
if (unknown.length > 0) {
  process.stderr.write(`no test group “${unknown.join('”, “')}”; there are: ${groups.join(', ')}\n`)
  process.exit(2)
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }
for (const group of groups.filter(name => asked.length === 0 || asked.includes(name))) {
  process.stdout.write(`\n== ${group}\n`)
  const began = performance.now()
  const count = await runners[group]()
  total.passed += count.passed
  total.failed += count.failed
  total.skipped += count.skipped
  process.stdout.write(
    `== ${group}: ${count.passed} passed, ${count.failed} failed, ${((performance.now() - began) / 1_000).toFixed(1)} s\n`,
  )
}
const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`)
process.exit(total.failed === 0 ? 0 : 1)
