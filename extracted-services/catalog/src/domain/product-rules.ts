export type Reason = 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE'

/** One field that can't be accepted. */
export type Violation = { field: string; reason: Reason }

export const longest = { sku: 20, name: 80 } as const

/** The most that a stock can be, and that one adjustment can change it by. */
export const largestQuantity = 2_147_483_647

const skuForm = /^[A-Z0-9][A-Z0-9-]*$/
/** What XML 1.0 has no way to write: a value with one of these could never be told to a SOAP client. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function isWritable(text: string): boolean {
  return !unwritable.test(text) && text.isWellFormed()
}

export function skuProblem(sku: string): Reason | undefined {
  if (sku.trim() === '') return 'REQUIRED'
  if (sku.length > longest.sku) return 'TOO_LONG'
  return skuForm.test(sku) ? undefined : 'INVALID'
}

/** Length counts code points, as the database does: an emoji is one character. */
export function nameProblem(name: string): Reason | undefined {
  if (name.trim() === '') return 'REQUIRED'
  if (name.length > longest.name && [...name].length > longest.name) return 'TOO_LONG'
  return isWritable(name) ? undefined : 'INVALID'
}

export function stockProblem(stock: number): Reason | undefined {
  if (stock < 0) return 'NEGATIVE'
  return stock > largestQuantity ? 'INVALID' : undefined
}
