import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { drillTable } from '../render/drill-table.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'
import { numberBetween } from './options.ts'

export function addDrill(program: Command, cli: Cli): void {
  engineVerb(program, cli, 'drill', 'Rehearse cutover and rollback under load; prove that no write was lost.')
    .option('--rate <n>', 'writes per second of its own', numberBetween(1, 10_000))
    .option('--seconds <n>', 'how long its load runs', numberBetween(1, 3_600))
    .option('--seed <n>', 'repeat the load of an earlier drill', numberBetween(0, 2 ** 32 - 1, true))
    .option(
      '--fault <name>',
      'kill the engine at this point, such as cutover.fence.before, where it allows faults',
      name => ({ killEngineAt: name }),
    )
    .addHelpText(
      'after',
      examples(
        ['strangler drill customers', 'with the load of the plan'],
        ['strangler drill customers --rate 100 --seconds 20 --seed 7', 'with more, and repeatable'],
      ),
    )
    .action(
      cli.answering((capability: string, _options: unknown, command: Command) =>
        runEngineVerb(cli, 'drill', capability, command, (result, paper) =>
          drillTable(result, capability, paper),
        ),
      ),
    )
}
