import type { Argument, Command, Option } from 'commander'

/** A completion for fish, made from the verbs themselves; names of capabilities are asked of the running system. */
export function fishCompletion(program: Command): string {
  const verbs = program.createHelp().visibleCommands(program)
  const names = verbs.map(verb => verb.name()).join(' ')
  const lines = [
    'function __strangler_argument -d "how many words follow the verb"',
    '  set -l words (commandline -opc)',
    '  set -l seen 0',
    '  for word in $words[2..]',
    "    string match -q -- '-*' $word; or set seen (math $seen + 1)",
    '  end',
    '  test $seen -eq $argv[1]',
    'end',
    'complete -c strangler -f',
    ...verbs.map(
      verb =>
        `complete -c strangler -n 'not __fish_seen_subcommand_from ${names}' -a ${verb.name()} -d ${quoted(verb.description())}`,
    ),
    ...program.options.map(option => optionLine(option)),
    ...verbs.flatMap(verb => [
      ...verb.options.filter(({ hidden }) => !hidden).map(option => optionLine(option, verb.name())),
      ...verb.registeredArguments.map((argument, at) => argumentLine(argument, verb.name(), at)),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function optionLine(
  { long, description, required, optional, argChoices, flags }: Option,
  verb?: string,
): string {
  const where = verb === undefined ? '' : ` -n '__fish_seen_subcommand_from ${verb}'`
  const takesFile = /<[^>]*(dir|file)[^>]*>/.test(flags)
  const value = required || optional ? (takesFile ? ' -r -F' : ' -x') : ''
  const choices = argChoices === undefined ? '' : ` -a '${argChoices.join(' ')}'`
  return `complete -c strangler${where} -l ${(long ?? '').replace(/^--/, '')}${value}${choices} -d ${quoted(description)}`
}

function argumentLine(argument: Argument, verb: string, at: number): string {
  const where = ` -n '__fish_seen_subcommand_from ${verb}; and __strangler_argument ${at + 1}'`
  if (argument.argChoices !== undefined)
    return `complete -c strangler${where} -a '${argument.argChoices.join(' ')}'`
  if (argument.name() === 'capability')
    return `complete -c strangler${where} -a '(strangler capability-names 2>/dev/null)'`
  return `complete -c strangler${where} -F`
}

/** In single quotes only the quote and the backslash mean something. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
