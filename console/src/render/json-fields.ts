/** An object that came as JSON from another process: no field of it is taken for granted. */
export type Json = Readonly<Record<string, unknown>>

/** What stands where a value is missing. */
export const nothing = '–'

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object, or an empty one. */
export function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {}
}

/** The objects of a list, or none. */
export function recordsOf(value: unknown): readonly Json[] {
  return listOf(value).map(recordOf)
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Text as it is, anything else as JSON, and `otherwise` where there is nothing. */
export function textOf(value: unknown, otherwise = nothing): string {
  if (value === undefined || value === null || value === '') return otherwise
  return typeof value === 'string' ? value : JSON.stringify(value)
}
