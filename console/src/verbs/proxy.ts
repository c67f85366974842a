import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { examples } from './examples.ts'
import { typedArguments } from './typed-arguments.ts'

/** `strangler proxy`: its own process with the same arguments; what it can't read, it says itself. */
export function addProxy(program: Command, cli: Cli): void {
  program
    .command('proxy')
    .description('Run a proxy in front of any servers: no database, no engine needed.')
    .option('--config <file>', 'strangler.yaml to serve; edits are taken up while it runs')
    .option('--listen <host:port>', 'where clients connect')
    .option(
      '--admin <host:port>',
      'where its admin API listens; its token: STRANGLER_TOKEN, or .strangler/token beside the file',
    )
    .option('--workers <n>', 'worker processes')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      examples(
        ['strangler proxy --config strangler.yaml --listen 127.0.0.1:8080', 'serve the routes of the file'],
        [
          'strangler proxy --config strangler.yaml --listen 127.0.0.1:8080 --admin 127.0.0.1:8081',
          'and be toggled: npx strangler stage CAPABILITY STAGE --reason TEXT --admin http://127.0.0.1:8081',
        ],
      ),
    )
    .action(cli.delegating(() => cli.surroundings.runProxy(typedArguments('proxy', cli.argv))))
}
