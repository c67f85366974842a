import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { verifyTable } from '../render/verb-results.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'

export function addVerify(program: Command, cli: Cli): void {
  engineVerb(program, cli, 'verify', 'Compare the data of both sides row by row.')
    .option('--repair', 'write what differs anew from the side that owns it, and verify again')
    .addHelpText(
      'after',
      examples(
        ['strangler verify customers', 'every row of every table of its plan'],
        ['strangler verify customers --repair --reason "rows 7 to 9 were tampered with"', 'and mend it'],
      ),
    )
    .action(
      cli.answering((capability: string, _options: unknown, command: Command) =>
        runEngineVerb(cli, 'verify', capability, command, (result, paper) =>
          verifyTable(result, capability, paper),
        ),
      ),
    )
}
