const colours = [36, 33, 32, 35, 34, 31]

/** Turns the JSON log lines of many processes into one readable stream: `name    | message  key=value`. */
export function prefixedLog(
  write: (text: string) => void,
  colour: boolean,
): (name: string, line: string) => void {
  const seen = new Map<string, number>()
  return (name, line) => {
    if (!seen.has(name)) seen.set(name, colours[seen.size % colours.length]!)
    const label = name.padEnd(9)
    write(`${colour ? `\u001b[${seen.get(name)}m${label}\u001b[0m` : label} | ${readable(line)}\n`)
  }
}

const dull = new Set(['level', 'time', 'name', 'msg', 'pid', 'hostname'])

function readable(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const entry = JSON.parse(line) as Record<string, unknown>
    const rest = Object.entries(entry).filter(([key]) => !dull.has(key))
    return [String(entry.msg ?? ''), ...rest.map(([key, value]) => `${key}=${plain(value)}`)].join('  ')
  } catch {
    return line
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
