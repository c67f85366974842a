import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { systemClock } from '@strangler/kit/clock.ts'
import { describeFailure } from '@strangler/kit/run-main.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { askSystem } from './comparison/ask-system.ts'
import { readBaseline } from './comparison/baseline.ts'
import { compareRun } from './comparison/compare-run.ts'
import { concealValues } from './comparison/redaction.ts'
import { readRequests } from './comparison/request-file.ts'
import { readRunArguments } from './comparison/run-arguments.ts'
import { runJunit } from './comparison/run-junit.ts'
import { runPage } from './comparison/run-page.ts'

/** `compare --before URL --after URL --requests FILE`: two systems asked the same, with none of our own parts between. */
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => interrupted.abort(new ToolkitError('INTERRUPTED', 'the run was interrupted')))

try {
  process.exitCode = await compare(
    process.argv.slice(2).filter((arg, index) => index > 0 || arg !== 'compare'),
  )
} catch (error) {
  process.stderr.write(describeFailure(error))
  process.exitCode = isToolkitError(error) && error.code.startsWith('USAGE_') ? 2 : 1
}

/** @returns 0 pass, 1 too little was compared, 4 the systems differ */
async function compare(argv: readonly string[]): Promise<number> {
  const args = readRunArguments(argv)
  const requests = readRequests(await read(args.requests), args.requests)
  const baseline =
    args.baseline === undefined
      ? { accepted: [], expired: [] }
      : readBaseline(await read(args.baseline), args.baseline, new Date())
  const connect = (base: string, headers: (typeof args)['before-header']) =>
    askSystem(base, headers, args.concurrency, args.timeout, systemClock)
  const before = connect(args.before, args['before-header'])
  const after = connect(args.after, args['after-header'])
  const { result, examples } = await compareRun(before, after, requests, {
    config: {
      sample: 1,
      noise: 1,
      minSamples: args['min-samples'],
      maxDivergence: args['max-divergence'],
      aboveNoise: 0.2,
      confidence: 0.95,
      nilIsAbsent: false,
      arrays: [],
      reveal: [],
      withhold: [],
      ignore: baseline.accepted.map(({ expires: _, ...rule }) => rule),
    },
    conceal: concealValues(randomBytes(32).toString('hex'), args.conceal ? [] : ['*']),
    concurrency: args.concurrency,
    ratePerSecond: args.rate,
    twice: args.twice,
    clock: systemClock,
    signal: interrupted.signal,
  }).finally(() => Promise.all([before.close(), after.close()]))
  // Where values are concealed no body may stand in the page either.
  const shown = args.conceal ? [] : examples
  if (args.html !== undefined) await writeFile(args.html, runPage(result, shown, args))
  if (args.junit !== undefined) await writeFile(args.junit, runJunit(result))
  const document = { ...result, expired: baseline.expired }
  process.stdout.write(args.json ? `${JSON.stringify(document)}\n` : inWords(document))
  return result.verdict === 'fail' ? 4 : result.verdict === 'pass' ? 0 : 1
}

function inWords({
  verdict,
  requests,
  matched,
  ignored,
  diverged,
  errors,
  noise,
  divergences,
  expired,
}: Awaited<ReturnType<typeof compareRun>>['result'] & { expired: readonly { path: string }[] }): string {
  const lines = [
    `${verdict}: ${requests} requests, ${matched} matched, ${ignored} ignored, ${diverged} diverged, ${errors} errors, noise ${noise}`,
    ...divergences.map(each => `${each.route}  ${each.path}  ×${each.count}  ${each.before} → ${each.after}`),
    ...expired.map(({ path }) => `accepted no longer: ${path}`),
  ]
  // What a system answered must not steer the terminal.
  return lines.map(line => `${line.replace(/\p{Cc}/gu, '\uFFFD')}\n`).join('')
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ToolkitError('USAGE_FILE_UNREADABLE', `${file} cannot be read: ${messageOf(error)}`)
  }
}
