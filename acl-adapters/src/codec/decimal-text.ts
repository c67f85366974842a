const form = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** −1, 0 or 1: two decimals in xs:decimal's lexical form, compared exactly. */
export function compareDecimals(left: string, right: string): number {
  const [a, b] = [parts(left), parts(right)]
  const scale = Math.max(a.fraction.length, b.fraction.length)
  const difference = scaled(a, scale) - scaled(b, scale)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** Digits as totalDigits and fractionDigits count them: no leading or trailing zeros. */
export function countDigits(text: string): { total: number; fraction: number } {
  const { whole, fraction } = parts(text)
  const significantFraction = fraction.replace(/0+$/, '').length
  return { total: whole.replace(/^0+/, '').length + significantFraction, fraction: significantFraction }
}

type Parts = { negative: boolean; whole: string; fraction: string }

function parts(text: string): Parts {
  const match = form.exec(text)
  return { negative: match?.[1] === '-', whole: match?.[2] ?? '', fraction: match?.[3] ?? '' }
}

function scaled({ negative, whole, fraction }: Parts, scale: number): bigint {
  const magnitude = BigInt(`0${whole}${fraction.padEnd(scale, '0')}`)
  return negative ? -magnitude : magnitude
}
