import type { Arguments } from './read-message.ts'
import { clientFault } from './soap-fault.ts'

const maxInt = 2_147_483_647

/** @throws SoapFault Client when it is absent, nil or not an xs:int */
export function requiredInt(args: Arguments, name: string): number {
  const value = optionalInt(args, name)
  if (value === undefined) throw clientFault(`${name} is missing`)
  return value
}

/** @throws SoapFault Client when it is nil or not an xs:int */
export function optionalInt(args: Arguments, name: string): number | undefined {
  const text = optionalText(args, name)?.trim()
  if (text === undefined) return undefined
  const value = /^[+-]?\d{1,20}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= -maxInt - 1 && value <= maxInt)) throw clientFault(`${name} is not an int`)
  return value
}

/** @throws SoapFault Client when it is nil or not an xs:boolean */
export function optionalBoolean(args: Arguments, name: string): boolean | undefined {
  const text = optionalText(args, name)?.trim()
  if (text === undefined) return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw clientFault(`${name} is not a boolean`)
}

/** @throws SoapFault Client when it is nil or none of the codes */
export function optionalCode(args: Arguments, name: string, codes: readonly string[]): string | undefined {
  const code = optionalText(args, name)
  if (code !== undefined && !codes.includes(code)) throw clientFault(`${name} is none of ${codes.join(', ')}`)
  return code
}

/** @throws SoapFault Client when it is absent or nil */
export function requiredText(args: Arguments, name: string): string {
  const text = optionalText(args, name)
  if (text === undefined) throw clientFault(`${name} is missing`)
  return text
}

/** @throws SoapFault Client when it is nil */
export function optionalText(args: Arguments, name: string): string | undefined {
  const text = nillableText(args, name)
  if (text === null) throw clientFault(`${name} may not be nil`)
  return text
}

/** Absent is undefined, nil is null. */
export function nillableText(args: Arguments, name: string): string | null | undefined {
  return args[name] as string | null | undefined
}

/** Elements of a complex type that may repeat. */
export function repeated(args: Arguments, name: string): readonly Arguments[] {
  return (args[name] as readonly Arguments[] | undefined) ?? []
}

/**
 * Rows of one page.
 * @throws SoapFault Client when it is not between 1 and 500
 */
export function pageSize(args: Arguments): number {
  const rows = optionalInt(args, 'maxRows') ?? 50
  if (rows < 1 || rows > 500) throw clientFault('maxRows must be between 1 and 500')
  return rows
}
