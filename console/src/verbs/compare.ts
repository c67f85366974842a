import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { compareTable } from '../render/compare-table.ts'
import { examples } from './examples.ts'
import { adminOption } from './options.ts'

export function addCompare(program: Command, cli: Cli): void {
  program
    .command('compare')
    .description(
      'What the comparison of live requests has found so far; exit 4 if the sides differ too much.',
    )
    .addOption(adminOption())
    .addHelpText(
      'after',
      examples(
        ['strangler compare', 'figures and every divergent path'],
        ["strangler compare --json | jq '.divergences[0]'", 'the first of them, with both values'],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const operator = await cli.operator(command.optsWithGlobals<GlobalOptions>())
        const comparison = await operator.compare()
        return {
          document: comparison,
          exit: comparison.verdict === 'fail' ? 4 : 0,
          text: paper => compareTable(comparison, paper),
        }
      }),
    )
}
