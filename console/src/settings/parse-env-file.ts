/** The variables of a `.env` file: NAME=value lines, `#` comments, values in single or double quotes or bare. */
export function parseEnvFile(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line)
    if (match === null) continue
    const value = match[2]!
    const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value)
    found[match[1]!] = quoted === null ? value.replace(/(^|\s+)#.*$/, '') : quoted[2]!
  }
  return found
}
