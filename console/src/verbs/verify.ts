import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { verifyTable } from '../render/verb-results.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'

export function addVerify(program: Command, cli: Cli): void {
  engineVerb(program, cli, 'verify', 'Compare the data of both sides row by row.')
    .addHelpText('after', examples(['strangler verify customers', 'every row of every table of its plan']))
    .action(
      cli.answering((capability: string, _options: unknown, command: Command) =>
        runEngineVerb(cli, 'verify', capability, command, (result, paper) =>
          verifyTable(result, capability, paper),
        ),
      ),
    )
}
