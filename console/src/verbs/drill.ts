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
      'break the system meanwhile, where the engine allows it: kill-proxy, pause-database, cut-network, stray-writer …, with @POINT at a point such as cutover.fence.before; kill-engine@POINT',
      faultOf,
    )
    .addHelpText(
      'after',
      examples(
        ['strangler drill customers', 'with the load of the plan'],
        ['strangler drill customers --rate 100 --seconds 20 --seed 7', 'with more, and repeatable'],
        [
          'strangler drill customers --fault kill-service@cutover.flipRoutes.before',
          'while the service dies in the middle of it',
        ],
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

/** The engine can't outlive its own death: that one is a request of its own kind. */
function faultOf(name: string): { killEngineAt: string } | { inject: string } {
  const point = /^(?:kill-engine@)?((?:cutover|rollback)\..+)$/.exec(name)?.[1]
  return point === undefined ? { inject: name } : { killEngineAt: point }
}
