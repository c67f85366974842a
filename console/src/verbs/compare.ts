import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { compareTable } from '../render/compare-table.ts'
import { examples } from './examples.ts'
import { adminOption } from './options.ts'
import { typedArguments } from './typed-arguments.ts'

type CompareOptions = GlobalOptions & { before?: string; after?: string; requests?: string }

export function addCompare(program: Command, cli: Cli): void {
  program
    .command('compare')
    .description(
      'What the comparison of live requests has found so far, or two systems asked the same; exit 4 if the sides differ too much.',
    )
    .addOption(adminOption())
    .optionsGroup('A run against two systems, with no part of strangler running:')
    .option('--before <url>', 'the system as it was')
    .option('--after <url>', 'the system as it shall be')
    .option(
      '--requests <file>',
      'a HAR, a recording, or lines of {method, path, headers, body, caller?, bind?}; what bind names, {{name}} stands for later',
    )
    .option('--baseline <file>', 'accepted divergences: a list of {route?, path, reason, expires}')
    .option('--html <file>', 'write a page with every divergent request side by side')
    .option('--junit <file>', 'write JUnit XML, one test case per route')
    .option('--concurrency <n>', 'callers served at once (default: 8)')
    .option('--rate <n>', 'requests per second at most')
    .option('--twice <which>', 'ask before twice to learn its noise: safe, all or none (default: safe)')
    .option(
      '--before-header <header>',
      "asked of before with it, such as 'Authorization: Bearer …'; repeatable",
    )
    .option('--after-header <header>', 'the same for after; repeatable')
    .option('--max-divergence <share>', 'how much may differ beyond the noise, 0 to 1 (default: 0)')
    .option('--min-samples <n>', 'how many comparisons a verdict needs (default: 1)')
    .option('--timeout <ms>', 'how long an answer may take (default: 30000)')
    .option('--conceal', 'hash values, and keep bodies out of the page')
    .addHelpText(
      'after',
      examples(
        ['strangler compare', 'figures and every divergent path'],
        ["strangler compare --json | jq '.divergences[0]'", 'the first of them, with both values'],
        [
          'strangler compare --before http://127.0.0.1:9001 --after http://127.0.0.1:9101 --requests requests.jsonl',
          'ask both systems the same, and hold the answers against each other',
        ],
      ),
    )
    .action((options: CompareOptions, command: Command) => {
      const { before, after, requests } = options
      const isRun = [before, after, requests].some(given => given !== undefined)
      return isRun ? asked() : live(options, command)
    })

  const asked = cli.delegating(() =>
    cli.surroundings.runProxy(typedArguments('compare', cli.argv), 'compare-main.ts'),
  )

  const live = cli.answering(async (_options: unknown, command: Command) => {
    const operator = await cli.operator(command.optsWithGlobals<GlobalOptions>())
    const comparison = await operator.compare()
    return {
      document: comparison,
      exit: comparison.verdict === 'fail' ? 4 : 0,
      text: paper => compareTable(comparison, paper),
    }
  })
}
