export type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE'

/** One field that can't be accepted. */
export type Violation = { field: string; reason: Reason }

export const longest = { name: 80, email: 120, phone: 30, text: 500 } as const

const emailForm = /^[^\s@]+@[^\s@]+$/
/** What XML 1.0 has no way to write: a value with one of these could never be told to a SOAP client. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function nameProblem(name: string): Reason | undefined {
  if (name.trim() === '') return 'REQUIRED'
  return textProblem(name, longest.name)
}

export function emailProblem(email: string): Reason | undefined {
  return textProblem(email, longest.email) ?? (emailForm.test(email) ? undefined : 'INVALID')
}

export function phoneProblem(phone: string): Reason | undefined {
  return textProblem(phone, longest.phone)
}

export function noteTextProblem(text: string): Reason | undefined {
  return text.trim() === '' ? 'REQUIRED' : textProblem(text, longest.text)
}

/** Length counts code points, as the database does: an emoji is one character. */
function textProblem(text: string, most: number): Reason | undefined {
  if (text.length > most && [...text].length > most) return 'TOO_LONG'
  return unwritable.test(text) || !text.isWellFormed() ? 'INVALID' : undefined
}
