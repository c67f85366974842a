import { type Reason, textProblem } from '@strangler/chassis/values/violation.ts'

export const longest = { sku: 20, name: 80 } as const

/** The most that a stock can be, and that one adjustment can change it by. */
export const largestQuantity = 2_147_483_647

const skuForm = /^[A-Z0-9][A-Z0-9-]*$/

export function skuProblem(sku: string): Reason | undefined {
  if (sku.trim() === '') return 'REQUIRED'
  if (sku.length > longest.sku) return 'TOO_LONG'
  return skuForm.test(sku) ? undefined : 'INVALID'
}

export function nameProblem(name: string): Reason | undefined {
  return name.trim() === '' ? 'REQUIRED' : textProblem(name, longest.name)
}

export function stockProblem(stock: number): Reason | undefined {
  if (stock < 0) return 'NEGATIVE'
  return stock > largestQuantity ? 'INVALID' : undefined
}
