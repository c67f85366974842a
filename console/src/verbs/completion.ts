import { Argument, type Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { completionScript } from '../render/completion-script.ts'
import { fishCompletion } from '../render/fish-completion.ts'
import { recordsOf, textOf } from '../render/json-fields.ts'
import { examples } from './examples.ts'

/** `strangler completion SHELL`, and the hidden verb by which its script asks for names. */
export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('A script that lets your shell complete verbs, options, stages and capabilities.')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        ['strangler completion bash >> ~/.bashrc', 'from the next shell on'],
        ['strangler completion zsh >> ~/.zshrc', 'after compinit'],
        ['strangler completion fish > ~/.config/fish/completions/strangler.fish', 'from the next shell on'],
      ),
    )
    .action(
      cli.answering(async (shell: 'bash' | 'zsh' | 'fish') => {
        const script = shell === 'fish' ? fishCompletion(program) : completionScript(program, shell)
        return { document: { shell, script }, exit: 0, text: () => script }
      }),
    )
  program.command('capability-names', { hidden: true }).action(
    cli.answering(async (_options: unknown, command: Command) => {
      const operator = await cli.operator(command.optsWithGlobals<GlobalOptions>())
      const names = recordsOf((await operator.status()).capabilities).map(({ name }) => textOf(name))
      // They become words of a shell: anything but a capability's name stays out.
      const words = names.filter(name => /^[a-z][a-z0-9-]*$/.test(name))
      return { document: words, exit: 0, text: () => words.map(name => `${name}\n`).join('') }
    }),
  )
}
