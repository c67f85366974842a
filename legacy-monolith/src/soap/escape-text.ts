const references: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }

/** XML 1.0 has no way to write these characters, not even as a reference. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** Text as XML character data that a parser reads back as it was. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, character => references[character]!).replace(unwritable, '\ufffd')
}

/** A reply with every string in it escaped; node-soap's own escaping lets a text that looks like CDATA through. */
export function escapeReply(value: unknown): unknown {
  if (typeof value === 'string') return escapeText(value)
  if (Array.isArray(value)) return value.map(escapeReply)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, escapeReply(child)]))
  return value
}
