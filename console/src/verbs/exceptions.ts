import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { groupExceptions } from '../logs/group-exceptions.ts'
import { readLogs } from '../logs/read-logs.ts'
import { exceptionsTable } from '../render/exceptions-table.ts'
import { examples } from './examples.ts'
import { sinceOption, stateDirOf } from './logs.ts'
import { listOption } from './options.ts'

type ExceptionsOptions = GlobalOptions & { process?: string[]; since?: number }

export function addExceptions(program: Command, cli: Cli): void {
  program
    .command('exceptions')
    .description(
      'The errors of all processes: grouped, counted, when first and last seen, and in which trace.',
    )
    .option('--process <names>', 'only of these, such as orders,catalog-2', listOption)
    .option('--since <time>', 'only what is not older than 90s, 15m, 2h or 1d', sinceOption)
    .addHelpText(
      'after',
      examples(['strangler exceptions --since 1h', 'what has gone wrong in the last hour']),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const { process, since, ...options } = command.optsWithGlobals<ExceptionsOptions>()
        const lines = readLogs(await stateDirOf(cli, options), {
          processes: process,
          level: 'warn',
          since: since === undefined ? undefined : cli.surroundings.now() - since,
        })
        const groups = await groupExceptions(lines)
        const document = groups.map(({ firstSeen, lastSeen, ...group }) => ({
          ...group,
          firstSeen: new Date(firstSeen).toISOString(),
          lastSeen: new Date(lastSeen).toISOString(),
        }))
        return { document: { exceptions: document }, exit: 0, text: paper => exceptionsTable(groups, paper) }
      }),
    )
}
