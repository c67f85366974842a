import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from './json.ts'

const maxDepth = 64
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|-?\d[\d.eE+-]*|true|false|null/g

type Scope = { keys: Set<string> | undefined; expectsKey: boolean }

/**
 * JSON.parse that refuses what would change a value on its way without anyone noticing: a key given twice
 * (readers differ on which counts), a number a double cannot hold, and nesting deeper than 64.
 * @throws ToolkitError JSON_MALFORMED
 */
export function parseJson(text: string): Json {
  let json: Json
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ToolkitError('JSON_MALFORMED', 'the body is not JSON', { cause })
  }
  checkTokens(text)
  return json
}

function checkTokens(text: string): void {
  const scopes: Scope[] = []
  token.lastIndex = 0
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [lexeme] = match
    const scope = scopes.at(-1)
    switch (lexeme[0]) {
      case '{':
      case '[':
        if (scopes.length >= maxDepth) throw refused(`nests more than ${maxDepth} deep`)
        scopes.push(openScope(lexeme === '{'))
        break
      case '}':
      case ']':
        scopes.pop()
        break
      case ',':
        scope!.expectsKey = scope!.keys !== undefined
        break
      case '"':
        if (scope?.expectsKey)
          takeKey(scope, lexeme.includes('\\') ? JSON.parse(lexeme) : lexeme.slice(1, -1))
        break
      case ':':
      case 't':
      case 'f':
      case 'n':
        break
      default:
        checkNumber(lexeme)
    }
  }
}

function openScope(isObject: boolean): Scope {
  return { keys: isObject ? new Set() : undefined, expectsKey: isObject }
}

function takeKey(scope: Scope, key: string): void {
  if (scope.keys!.has(key)) throw refused(`has the key ${JSON.stringify(key)} twice`)
  scope.keys!.add(key)
  scope.expectsKey = false
}

/** 15 significant digits survive a double both ways; whole numbers up to 2^53 do too. */
function checkNumber(lexeme: string): void {
  if (/^-?\d{1,15}$/.test(lexeme)) return
  const value = Number(lexeme)
  const digits = lexeme
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '')
  const exact = /^-?\d+$/.test(lexeme)
    ? Number.isSafeInteger(value) || digits.length <= 15
    : digits.length <= 17
  if (!Number.isFinite(value) || !exact) throw refused('has a number that needs to be text to stay exact')
}

function refused(reason: string): ToolkitError {
  return new ToolkitError('JSON_MALFORMED', `the body ${reason}`)
}
