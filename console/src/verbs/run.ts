import { type Command, Option } from 'commander'
import type { Cli } from '../cli.ts'
import { runText } from '../render/verb-results.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'
import { stages } from './options.ts'

export function addRun(program: Command, cli: Cli): void {
  engineVerb(
    program,
    cli,
    'run',
    'Run the plan step by step, each behind its gates; finishes what was interrupted.',
  )
    .addOption(new Option('--to <stage>', 'how far to go').choices(stages).default('extracted'))
    .addHelpText(
      'after',
      examples(
        ['strangler run customers --to shadow', 'copy, sync, verify, compare reads'],
        ['strangler run customers', 'go all the way; after a crash: finish or take back'],
      ),
    )
    .action(
      cli.answering((capability: string, _options: unknown, command: Command) =>
        runEngineVerb(cli, 'run', capability, command, (result, paper) => runText(result, capability, paper)),
      ),
    )
}
