import { Argument, type Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { moveText, stageSentence } from '../render/verb-results.ts'
import { examples } from './examples.ts'
import { adminOption, byOption, capabilityName, numberBetween, reasonOption, stages } from './options.ts'
import { verbAnswer } from './verb-answer.ts'

type StageOptions = GlobalOptions & {
  percent?: number
  by: string
  reason: string
  dryRun?: true
  force?: true
}

export function addStage(program: Command, cli: Cli): void {
  program
    .command('stage')
    .description('Set the stage of a capability; returns when every proxy serves it.')
    .argument('<capability>', 'a capability of strangler.yaml', capabilityName)
    .addArgument(new Argument('<stage>', 'where its traffic is served').choices(stages))
    .option('--dry-run', 'say what would change, and what would be refused; change nothing')
    .option('--force', 'retire before the soak is over; everything else that speaks against it stands')
    .option('--percent <n>', 'share of callers in canary', numberBetween(0, 100))
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(byOption(cli.surroundings.user))
    .addOption(adminOption())
    .addHelpText(
      'after',
      examples(
        ['strangler stage customers shadow --reason "compare reads"', 'copy reads and compare them'],
        ['strangler stage customers canary --percent 10 --reason "shadow was clean"', 'one caller in ten'],
        ['strangler stage customers retired --reason "four weeks in peace"', 'for good: no way leads back'],
        ['strangler stage customers shadow --dry-run --reason "what if"', 'what it would do'],
        ['strangler stage customers legacy --reason "slow answers"', 'back to the monolith'],
      ),
    )
    .action(
      cli.answering(async (capability: string, stage: string, _options: unknown, command: Command) => {
        const options = command.optsWithGlobals<StageOptions>()
        const { percent, by, reason, dryRun, force } = options
        if (dryRun === true || force === true) {
          const engine = await cli.engine(options, 'stage')
          const share = percent === undefined ? {} : { percent }
          const flags = { ...(dryRun === true ? { dryRun } : {}), ...(force === true ? { force } : {}) }
          const body = { stage, ...share, by, reason, ...flags }
          const answer = await engine.verb('stage', capability, body, cli.onProgress)
          return verbAnswer('stage', capability, answer, (result, paper) =>
            dryRun === true
              ? moveText('stage', result, capability, true, paper)
              : stageSentence({ stage, percent, ...result }, capability, paper),
          )
        }
        const operator = await cli.operator(options)
        const answer = await operator.stage({ capability, stage, percent, by, reason }, cli.onProgress)
        return verbAnswer('stage', capability, answer, (result, paper) =>
          stageSentence({ stage, percent, ...result }, capability, paper),
        )
      }),
    )
}
