import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { statusTable } from '../render/status-table.ts'
import { examples } from './examples.ts'
import { adminOption } from './options.ts'

export function addStatus(program: Command, cli: Cli): void {
  program
    .command('status')
    .description('Every capability: stage, write owner, lag, comparison, hold, last drill.')
    .addOption(adminOption())
    .addHelpText(
      'after',
      examples(
        ['strangler status', 'the board of capabilities'],
        ["strangler status --json | jq '.capabilities[] | {name, stage, lagMs}'", 'for other programs'],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const operator = await cli.operator(command.optsWithGlobals<GlobalOptions>())
        const status = await operator.status()
        return {
          document: status,
          exit: 0,
          text: paper => statusTable(status, paper, cli.surroundings.now()),
        }
      }),
    )
}
