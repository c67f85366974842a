import { isXmlText } from './xml-text.ts'

const predefined: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/**
 * Text with its references replaced: the five entities of XML 1.0 §4.6 and characters by number. No others exist
 * without a DOCTYPE.
 * @param refuse throws
 */
export function expandReferences(text: string, refuse: (reason: string) => never): string {
  let expanded = ''
  let from = 0
  for (;;) {
    const start = text.indexOf('&', from)
    if (start < 0) return expanded + text.slice(from)
    const end = text.indexOf(';', start)
    if (end < 0) refuse('an & begins no reference')
    const name = text.slice(start + 1, end)
    const character = predefined.get(name) ?? characterOf(name)
    if (character === undefined) refuse(`there is no entity ${name.slice(0, 40)}`)
    expanded += text.slice(from, start) + character
    from = end + 1
  }
}

/** The character of `#65` or `#x41`, if XML 1.0 allows it (production 2). */
function characterOf(name: string): string | undefined {
  const match = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name)
  if (match === null) return undefined
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16)
  if (!(code <= 0x10ffff)) return undefined
  const character = String.fromCodePoint(code)
  return isXmlText(character) ? character : undefined
}
