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

/** Character data. CR goes as a reference, or line-end normalisation would turn it into LF (XML 1.0 §2.11). */
export function escapeText(text: string): string {
  return text.replace(inText, character => references[character]!)
}

/** The value of a double-quoted attribute; TAB, LF and CR as references (XML 1.0 §3.3.3). */
export function escapeAttribute(text: string): string {
  return text.replace(inAttribute, character => references[character]!)
}
