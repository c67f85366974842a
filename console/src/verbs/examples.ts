/** The examples at the end of a verb's help. */
export function examples(...pairs: readonly (readonly [command: string, meaning: string])[]): string {
  const lines = pairs.map(([command, meaning]) => `  npx ${command}\n      ${meaning}\n`)
  return `\nExamples:\n${lines.join('')}`
}
