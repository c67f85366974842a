/** C0, DEL, C1 and the marks that turn the reading direction: what a server must not send to a terminal. */
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
const steeringInJson = /[\u007f-\u009f\p{Bidi_Control}\u2028\u2029]/gu

/** Text from elsewhere on one line: white space becomes a space, any other steering character is shown as `\u001b`. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(/\s+/g, ' ').replace(steering, escaped).trim()
}

/** Text from elsewhere with its line breaks kept. */
export function manyLines(text: string): string {
  return text.split(/\r?\n/).map(keepIndent).join('\n')
}

/** One JSON document. Characters that could steer a terminal are written as escapes: the value stays the same. */
export function jsonDocument(value: unknown, indent: boolean): string {
  const text = JSON.stringify(value, null, indent ? 2 : 0) ?? 'null'
  return `${text.replace(steeringInJson, escaped)}\n`
}

function keepIndent(line: string): string {
  const indent = /^ */.exec(line)![0]
  return indent + oneLine(line)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
