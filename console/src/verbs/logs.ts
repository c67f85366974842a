import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Command, InvalidArgumentError } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { type Level, levels } from '../logs/log-line.ts'
import { type LogQuery, latestLines, readLogs } from '../logs/read-logs.ts'
import { findSystem } from '../operator/find-system.ts'
import { logLines } from '../render/log-lines.ts'
import { examples } from './examples.ts'
import { listOption, numberBetween } from './options.ts'

type LogsOptions = GlobalOptions & {
  process?: string[]
  level?: Level
  trace?: string
  grep?: string
  since?: number
  limit: number
}

export function addLogs(program: Command, cli: Cli): void {
  program
    .command('logs')
    .description('What all processes have written, as one stream.')
    .option('--process <names>', 'only these, such as orders,catalog-2', listOption)
    .option('--level <level>', `this level and those above it: ${levels.join(', ')}`, levelOption)
    .option('--trace <id>', 'only this trace, or those that begin so', traceOption)
    .option('--grep <text>', 'only lines with this text in them, in whichever case')
    .option('--since <time>', 'only what is not older than 90s, 15m, 2h or 1d', sinceOption)
    .option('--limit <n>', 'how many lines, the latest ones', numberBetween(1, 100_000, true), 200)
    .addHelpText(
      'after',
      examples(
        ['strangler logs --level warn --since 15m', 'what went wrong lately'],
        ['strangler logs --grep "order 6f2c" --process orders', 'what orders said of one order'],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const { process, level, trace, grep, since, limit, ...options } =
          command.optsWithGlobals<LogsOptions>()
        const query: LogQuery = {
          processes: process,
          level,
          traceId: trace,
          text: grep,
          since: since === undefined ? undefined : cli.surroundings.now() - since,
        }
        const lines = await latestLines(readLogs(await stateDirOf(cli, options), query), limit)
        return { document: { lines }, exit: 0, text: paper => logLines(lines, paper) }
      }),
    )
}

/** @throws ToolkitError LOGS_MISSING, and those of findSystem */
export async function stateDirOf({ surroundings }: Cli, { state }: GlobalOptions): Promise<string> {
  const { stateDir } = await findSystem({ ...surroundings, state, admin: undefined })
  if (stateDir !== undefined) return stateDir
  throw new ToolkitError('LOGS_MISSING', 'there is no .strangler folder here or above', {
    hint: 'start the system with npm start, or name its state folder: --state DIR',
  })
}

/** A parser of the ids that traces have, or the first part of one. */
export function traceOption(text: string): string {
  if (/^[0-9a-f]{4,32}$/.test(text)) return text
  throw new InvalidArgumentError('It is hexadecimal, 4 to 32 digits: see trace= in `strangler logs`.')
}

/** A parser of spans of time, in ms. */
export function sinceOption(text: string): number {
  const [, number, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw new InvalidArgumentError('Give a number and a unit: 90s, 15m, 2h or 1d.')
  return Number(number) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 's' | 'm' | 'h' | 'd']
}

function levelOption(text: string): Level {
  const level = levels.find(each => each === text)
  if (level !== undefined) return level
  throw new InvalidArgumentError(`Levels are ${levels.join(', ')}.`)
}
