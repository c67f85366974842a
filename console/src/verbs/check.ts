import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { examples } from './examples.ts'
import { typedArguments } from './typed-arguments.ts'

/** `strangler check`: done by the proxy, which is what has to read the file. */
export function addCheck(program: Command, cli: Cli): void {
  program
    .command('check')
    .description('Check a strangler.yaml: every problem with its line, exit 2 if there is one.')
    .argument('[file]', 'the file (default: strangler.yaml)')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      examples(
        ['strangler check', 'check strangler.yaml in this folder'],
        ['strangler check other.yaml --json', 'the problems as JSON'],
      ),
    )
    .action(cli.delegating(() => cli.surroundings.runProxy(typedArguments('check', cli.argv))))
}
