import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { writersTable } from '../render/writers-table.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'
import { numberBetween } from './options.ts'

export function addWriters(program: Command, cli: Cli): void {
  engineVerb(program, cli, 'writers', 'Find out who writes the legacy tables of a capability, and how often.')
    .option('--seconds <n>', 'how long to look (default: 10)', numberBetween(1, 3_600))
    .addHelpText(
      'after',
      examples(
        ['strangler writers customers', 'accounts, what they write, and whether the plan answers for them'],
        ['strangler writers customers --seconds 3600', 'an hour of it: a batch shows only when it runs'],
      ),
    )
    .action(
      cli.answering((capability: string, _options: unknown, command: Command) =>
        runEngineVerb(cli, 'writers', capability, command, (result, paper) =>
          writersTable(result, capability, paper),
        ),
      ),
    )
}
