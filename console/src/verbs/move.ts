import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { moveText } from '../render/verb-results.ts'
import { engineVerb, runEngineVerb } from './engine-verb.ts'
import { examples } from './examples.ts'

/** A verb that moves the write owner: cutover and rollback differ in direction only. */
export function addMove(program: Command, cli: Cli, verb: 'cutover' | 'rollback', description: string): void {
  const command = engineVerb(program, cli, verb, description).option(
    '--dry-run',
    'say what would be done, and what would be refused; change nothing',
  )
  if (verb === 'cutover')
    command.option(
      '--force',
      'pass the gates that ask for evidence, for a --reason; never those that keep data',
    )
  if (verb === 'cutover')
    command.option(
      '--auto-rollback-on <condition>',
      'roll back by itself when this holds afterwards: error-rate>1%, lag>5000ms; repeatable',
      (condition: string, others: string[] | undefined) => [...(others ?? []), condition],
    )
  command
    .addHelpText(
      'after',
      examples(
        [`strangler ${verb} customers --dry-run`, 'what it would do, one sentence per step'],
        [`strangler ${verb} customers --reason "agreed with the shop"`, 'do it'],
      ),
    )
    .action(
      cli.answering((capability: string, options: { dryRun?: true }, command: Command) =>
        runEngineVerb(cli, verb, capability, command, (result, paper) =>
          moveText(verb, result, capability, options.dryRun === true, paper),
        ),
      ),
    )
}
