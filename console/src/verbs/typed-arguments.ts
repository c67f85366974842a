/** The command line with its verb first and everything else as it was typed, for a child that parses it itself. */
export function typedArguments(verb: string, argv: readonly string[]): string[] {
  const at = argv.indexOf(verb)
  return [verb, ...argv.filter((_, index) => index !== at)]
}
