export type JsonObject = { [key: string]: Json }
export type Json = null | boolean | number | string | Json[] | JsonObject

/** What inherits nothing. Object.create(null) would make a hash table of each object, four times as slow to fill. */
class Bare {}
Reflect.deleteProperty(Bare.prototype, 'constructor')
Object.freeze(Object.setPrototypeOf(Bare.prototype, null))

/** An object that inherits nothing, so that `__proto__` and `constructor` are keys like any other. */
export function emptyObject(): JsonObject {
  return new Bare() as JsonObject
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A key as a reference token of a JSON pointer (RFC 6901 §3). */
export function pointerToken(key: string): string {
  if (!key.includes('~') && !key.includes('/')) return `/${key}`
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The value of a key. JSON from a parser inherits from Object.prototype, and an element may be called constructor. */
export function ownValue(object: JsonObject, key: string): Json | undefined {
  return key in Object.prototype && !Object.hasOwn(object, key) ? undefined : object[key]
}
