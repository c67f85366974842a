import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { planSteps } from '../render/plan-steps.ts'
import { examples } from './examples.ts'
import { capabilityName } from './options.ts'

export function addPlan(program: Command, cli: Cli): void {
  program
    .command('plan')
    .description('The steps of a capability, how far it has come, and what would be refused now.')
    .argument('<capability>', 'a capability with a plan', capabilityName)
    .addHelpText(
      'after',
      examples(
        ['strangler plan customers', 'steps, gates and refusals in words'],
        ['strangler plan customers --json', 'the same for other programs'],
      ),
    )
    .action(
      cli.answering(async (capability: string, _options: unknown, command: Command) => {
        const engine = await cli.engine(command.optsWithGlobals<GlobalOptions>(), 'plan')
        const plan = await engine.plan(capability)
        return { document: plan, exit: 0, text: paper => planSteps(plan, capability, paper) }
      }),
    )
}
