export type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE'

/** One field that can't be accepted; nested ones are named as `lines[0].sku`. */
export type Violation = { field: string; reason: Reason }

/** What XML 1.0 has no way to write: a value with one of these could never be told to a SOAP client. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function isWritable(text: string): boolean {
  return !unwritable.test(text) && text.isWellFormed()
}

/** Length counts code points, as the database does: an emoji is one character. */
export function textProblem(text: string, most: number): Reason | undefined {
  if (text.length > most && [...text].length > most) return 'TOO_LONG'
  return isWritable(text) ? undefined : 'INVALID'
}
