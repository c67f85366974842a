export type JsonObject = { [key: string]: Json }
export type Json = null | boolean | number | string | Json[] | JsonObject

/** An object without a prototype, so that `__proto__` and `constructor` are keys like any other. */
export function emptyObject(): JsonObject {
  return Object.create(null)
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A key as a reference token of a JSON pointer (RFC 6901 §3). */
export function pointerToken(key: string): string {
  if (!key.includes('~') && !key.includes('/')) return `/${key}`
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
