/** Conversions between what the old tables hold and what the contract says. */

export type Stamp = { date: string; time: string }

/** An instant as the tables keep it: `YYYYMMDD` and `HHMMSS`, UTC. */
export function stampOf(instant: Date): Stamp {
  const digits = instant.toISOString().replace(/[^0-9]/g, '')
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) }
}

/** `20240229` → `2024-02-29` */
export function isoDate(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}`
}

/** `20240229`, `123456` → `2024-02-29T12:34:56Z` */
export function isoDateTime(date: string, time: string): string {
  return `${isoDate(date)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}Z`
}

/** Cents as a decimal with exactly two fraction digits: `-5` → `-0.05` */
export function decimalOf(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** A decimal of at most two fraction digits in cents; null when it is not one, or has more than 13 whole digits. */
export function centsOf(decimal: string): number | null {
  const match = /^([+-]?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(decimal)
  if (match === null) return null
  const cents = Number(match[2]! + (match[3] ?? '').padEnd(2, '0'))
  return match[1] === '-' && cents !== 0 ? -cents : cents
}
