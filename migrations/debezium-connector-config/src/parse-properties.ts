export type ParsedProperties = {
  entries: Record<string, string>
  /** Things that the format does silently and nobody wants: `line` counts from 1. */
  problems: { line: number; property: string; message: string; suggestion?: string }[]
}

/**
 * Reads a Java `.properties` text: `=`, `:` or white space separates; `#` and `!` begin comments; a backslash at the
 * end continues the line; `\uXXXX` and `\n` are characters, and any other backslash is dropped.
 */
export function parseProperties(text: string): ParsedProperties {
  const entries: Record<string, string> = Object.create(null)
  const problems: ParsedProperties['problems'] = []
  for (const { line, text: logical } of logicalLines(text)) {
    const end = endOfKey(logical)
    const property = unescapeText(logical.slice(0, end))
    const raw = logical.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    if (Object.hasOwn(entries, property)) {
      problems.push({ line, property, message: `line ${line}: written twice; the last one wins silently` })
    }
    // `shop\.orders` reaches Debezium as `shop.orders`: the pattern grows wider without a word.
    if (/(?<!\\)(\\\\)*\\[^\\tnrfu=:#! \n]/.test(raw)) {
      problems.push({
        line,
        property,
        message: `line ${line}: a .properties file drops a single backslash`,
        suggestion: raw.replaceAll(/(?<!\\)((?:\\\\)*)\\([^\\tnrfu=:#! \n])/g, '$1\\\\$2'),
      })
    }
    entries[property] = unescapeText(raw)
  }
  return { entries, problems }
}

function logicalLines(text: string): { line: number; text: string }[] {
  const lines: { line: number; text: string }[] = []
  let open: { line: number; text: string } | undefined
  text.split(/\r\n|\n|\r/).forEach((physical, index) => {
    const content = physical.replace(/^[ \t\f]+/, '')
    if (open === undefined && (content === '' || /^[#!]/.test(content))) return
    const continues = /(?<!\\)(\\\\)*\\$/.test(content)
    const piece = continues ? content.slice(0, -1) : content
    open = { line: open?.line ?? index + 1, text: (open?.text ?? '') + piece }
    if (continues) return
    lines.push(open)
    open = undefined
  })
  return open === undefined ? lines : [...lines, open]
}

function endOfKey(line: string): number {
  for (let index = 0; index < line.length; index++) {
    if (line[index] === '\\') index++
    else if (/[=: \t\f]/.test(line[index]!)) return index
  }
  return line.length
}

function unescapeText(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gs,
    (_, code: string | undefined, character: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      return { t: '\t', n: '\n', r: '\r', f: '\f' }[character] ?? character
    },
  )
}
