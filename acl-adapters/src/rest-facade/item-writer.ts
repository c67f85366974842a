import { isJsonObject, type Json, type JsonObject } from '../codec/json.ts'
import type { ArrayTap } from '../codec/streamed-array.ts'

/** Writes a message while its items come in. */
export type ItemWriter = {
  readonly type: string
  readonly tap: ArrayTap
  /** What has been written since it was last asked. */
  taken(): string
  /** Ends the text. @param json the message, its array without the items */
  end(json: Json): void
  /** The text of a message that was read whole. */
  whole(json: Json): string
}

/** An item a line. */
export function createLineWriter(path: readonly string[]): ItemWriter {
  let text = ''
  return {
    type: 'application/x-ndjson; charset=utf-8',
    tap: {
      path,
      take(item) {
        text += `${JSON.stringify(item)}\n`
      },
    },
    taken() {
      const taken = text
      text = ''
      return taken
    },
    end() {},
    whole(json) {
      const items = path.reduce<Json | undefined>(
        (value, key) => (isJsonObject(value) ? value[key] : undefined),
        json,
      )
      return Array.isArray(items) ? items.map(item => `${JSON.stringify(item)}\n`).join('') : ''
    },
  }
}

/** The JSON document that the message is when it has been read whole, but for the order of its keys. */
export function createDocumentWriter(path: readonly string[]): ItemWriter {
  let text = ''
  /** Keys written of the objects around the array, outermost first; undefined before the first item. */
  let written: Set<string>[] | undefined

  const fields = (object: JsonObject, except: ReadonlySet<string>, done: Set<string>): string => {
    let all = ''
    for (const [key, value] of Object.entries(object)) {
      if (except.has(key)) continue
      done.add(key)
      all += `${JSON.stringify(key)}:${JSON.stringify(value)},`
    }
    return all
  }

  const start = (scopes: readonly JsonObject[]): Set<string>[] =>
    scopes.map((scope, depth) => {
      const key = path[depth]!
      const done = new Set([key])
      text += `{${fields(scope, done, done)}${JSON.stringify(key)}:`
      return done
    })

  return {
    type: 'application/json; charset=utf-8',
    whole: json => JSON.stringify(json),
    tap: {
      path,
      take(item, scopes) {
        if (written === undefined) {
          written = start(scopes)
          text += '['
        } else text += ','
        text += JSON.stringify(item)
      },
    },
    taken() {
      const taken = text
      text = ''
      return taken
    },
    end(json) {
      if (written === undefined) {
        text += JSON.stringify(json)
        return
      }
      text += ']'
      const scopes = path.map((_, depth) =>
        path.slice(0, depth).reduce<Json>((value, key) => (value as JsonObject)[key]!, json),
      )
      for (let depth = path.length - 1; depth >= 0; depth -= 1) {
        const done = written[depth]!
        const rest = fields(scopes[depth] as JsonObject, done, done)
        text += rest === '' ? '}' : `,${rest.slice(0, -1)}}`
      }
    },
  }
}
