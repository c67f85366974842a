import type { Argument, Command, Option } from 'commander'

/**
 * A completion for bash, made from the verbs themselves; zsh runs it by its bashcompinit.
 * Names of capabilities are asked of the running system, by the very command that is being completed.
 */
export function completionScript(program: Command, shell: 'bash' | 'zsh'): string {
  const verbs = program.createHelp().visibleCommands(program)
  const valued = new Set([program, ...verbs].flatMap(({ options }) => options.filter(takesValue).map(flagOf)))
  const lines = [
    ...(shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
    '_strangler() {',
    `  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb= words= position=0 at`,
    '  for ((at = 1; at < COMP_CWORD; at++)); do',
    `    case "\${COMP_WORDS[at]}" in`,
    `      ${[...valued].join('|')}) ((at++)) ;;`,
    '      -*) ;;',
    `      *) if [ -z "$verb" ]; then verb="\${COMP_WORDS[at]}"; else ((position++)); fi ;;`,
    '    esac',
    '  done',
    '  case "$verb:$previous" in',
    ...verbs.flatMap(verb => verb.options.filter(takesValue).map(option => valueCase(verb.name(), option))),
    ...program.options.filter(takesValue).map(option => valueCase('*', option)),
    '    *) case "$verb:$position:$current" in',
    `      :*:-*) words='${flags(program, [])}' ;;`,
    ...verbs.map(verb => `      ${verb.name()}:*:-*) words='${flags(verb, program.options)}' ;;`),
    `      :*) words='${verbs.map(verb => verb.name()).join(' ')}' ;;`,
    ...verbs.flatMap(verb =>
      verb.registeredArguments.map((argument, at) => `      ${verb.name()}:${at}:*) ${wordsOf(argument)} ;;`),
    ),
    '    esac ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _strangler strangler',
  ]
  return `${lines.join('\n')}\n`
}

function flags({ options }: Command, more: readonly Option[]): string {
  return [...options, ...more]
    .filter(({ hidden }) => !hidden)
    .map(flagOf)
    .concat('--help')
    .join(' ')
}

function flagOf({ long, short }: Option): string {
  return long ?? short ?? ''
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional
}

function valueCase(verb: string, option: Option): string {
  const { argChoices } = option
  if (argChoices !== undefined) return `    ${verb}:${flagOf(option)}) words='${argChoices.join(' ')}' ;;`
  return /<(dir|file)>/.test(option.flags)
    ? `    ${verb}:${flagOf(option)}) COMPREPLY=($(compgen -f -- "$current")); return ;;`
    : `    ${verb}:${flagOf(option)}) return ;;`
}

function wordsOf(argument: Argument): string {
  const { argChoices } = argument
  if (argChoices !== undefined) return `words='${argChoices.join(' ')}'`
  if (argument.name() === 'capability') return `words="$("\${COMP_WORDS[0]}" capability-names 2>/dev/null)"`
  return 'COMPREPLY=($(compgen -f -- "$current")); return'
}
