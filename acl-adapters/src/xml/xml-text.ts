// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML 1.0 cannot carry
const illegal = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/
const inText = /[&<>\r]/g
const inAttribute = /[&<>"\t\n\r]/g
const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

/** Whether XML 1.0 can carry the text: no C0 but TAB LF CR, no U+FFFE/F, no lone surrogate (production 2). */
export function isXmlText(text: string): boolean {
  return !illegal.test(text) && text.isWellFormed()
}

const nameStart =
  'A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]*$/
const ncName = new RegExp(`^[${nameStart}][${nameStart}0-9.\\-\\u00B7\\u0300-\\u036F\\u203F\\u2040]*$`, 'u')

/** Whether the text is a name without a colon (XML 1.0 production 5, Namespaces production 4). */
export function isNcName(text: string): boolean {
  return plainName.test(text) || ncName.test(text)
}

/** Character data. CR goes as a reference, or line-end normalisation would turn it into LF (XML 1.0 §2.11). */
export function escapeText(text: string): string {
  return text.search(inText) < 0 ? text : text.replace(inText, character => references[character]!)
}

/** The value of a double-quoted attribute; TAB, LF and CR as references (XML 1.0 §3.3.3). */
export function escapeAttribute(text: string): string {
  return text.replace(inAttribute, character => references[character]!)
}
