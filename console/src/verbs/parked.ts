import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Command, Option } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { parkedTable, syncSentence } from '../render/parked-table.ts'
import { examples } from './examples.ts'
import { byOption, capabilityName, numberBetween, reasonOption } from './options.ts'

type ParkedOptions = GlobalOptions & { retry?: true; skip?: number; by: string; reason?: string }

/** `strangler parked CAPABILITY`: changes that could not be applied; try them again, or leave one out. */
export function addParked(program: Command, cli: Cli): void {
  program
    .command('parked')
    .description(
      'Changes that the sync of a capability stands still before: look, try again, or leave one out.',
    )
    .argument('<capability>', 'a capability with a plan', capabilityName)
    .addOption(new Option('--retry', 'try again, once what was in the way is mended').conflicts('skip'))
    .option(
      '--skip <id>',
      'never apply this one: the row differs until somebody mends it',
      numberBetween(1, Number.MAX_SAFE_INTEGER, true),
    )
    .addOption(reasonOption())
    .addOption(byOption(cli.surroundings.user))
    .addHelpText(
      'after',
      examples(
        ['strangler parked customers', 'what is parked, and why'],
        ['strangler parked customers --retry --reason "the mapping knows status X now"', 'go on'],
        ['strangler parked customers --skip 7 --reason "a test row; removed on both sides"', 'leave one out'],
      ),
    )
    .action(
      cli.answering(async (capability: string, _options: unknown, command: Command) => {
        const { retry, skip, by, reason, ...options } = command.optsWithGlobals<ParkedOptions>()
        const engine = await cli.engine(options, 'parked')
        if (retry !== true && skip === undefined) {
          const parked = await engine.parked(capability)
          return { document: parked, exit: 0, text: paper => parkedTable(parked, capability, paper) }
        }
        if (reason === undefined)
          throw new ToolkitError('USAGE_REASON', 'a decision needs --reason: it stands in the audit log', {})
        const sync = await engine.decideParked(capability, skip, { by, reason })
        return {
          document: sync,
          exit: sync.running === true ? 0 : 1,
          text: paper => syncSentence(sync, capability, paper),
        }
      }),
    )
}
