import { isPlain, linearMatcher, type Matcher } from './pattern-machine.ts'

/** Name characters as XSD's \i and \c mean them, near enough for messages; ranges inside a class. */
const nameStart = '_:\\p{L}'
const nameCharacter = '_:.·\\p{L}\\p{N}\\p{M}\\-'

const shorthands: Readonly<Record<string, string>> = {
  i: `[${nameStart}]`,
  I: `[^${nameStart}]`,
  c: `[${nameCharacter}]`,
  C: `[^${nameCharacter}]`,
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '[^\\p{P}\\p{Z}\\p{C}]',
  W: '[\\p{P}\\p{Z}\\p{C}]',
  s: '[ \\t\\n\\r]',
  S: '[^ \\t\\n\\r]',
}

/**
 * The alternatives of one derivation step (XSD 1.0 Part 2, Appendix F) as one matcher of the whole value, in
 * time linear in its length.
 * @returns undefined where it cannot be expressed
 */
export function translatePattern(alternatives: readonly string[]): Matcher | undefined {
  try {
    const source = `(?:${alternatives.map(translate).join('|')})`
    const expression = new RegExp(`^${source}$`, 'v')
    // Many texts would take a backtracking matcher for ever; a schema is not to be trusted with that choice.
    return alternatives.length === 1 && isPlain(source) ? expression : linearMatcher(source)
  } catch {
    return undefined
  }
}

function translate(pattern: string): string {
  let out = ''
  const classes: number[] = []
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!
    if (character === '\\') {
      at += 1
      out += translateEscape(pattern[at] ?? '', classes.length > 0)
    } else if (character === '[') {
      classes.push(out.length)
      out += '['
    } else if (character === ']') {
      classes.pop()
      out += ']'
    } else if (classes.length > 0 && character === '-' && pattern[at + 1] === '[') {
      // Subtraction takes whole classes: [a-z-[ei]] is [[a-z]--[ei]] here.
      const start = classes.at(-1)!
      out = `${out.slice(0, start)}[${out.slice(start)}]--`
    } else if (classes.length > 0) out += translateInClass(pattern, at)
    else if (character === '.') out += '[^\\n\\r]'
    // Anchors are ordinary characters in XSD.
    else if (character === '^' || character === '$') out += `\\${character}`
    else out += character
  }
  return out
}

/** Characters the v flag reserves inside a class, and a hyphen that is not a range. */
function translateInClass(pattern: string, at: number): string {
  const character = pattern[at]!
  if (
    character === '-' &&
    (pattern[at - 1] === '[' || pattern[at + 1] === ']' || pattern.slice(at - 2, at) === '[^')
  )
    return '\\-'
  return /[(){}/|&!#%,:;<=>@`~]/.test(character) ? `\\${character}` : character
}

function translateEscape(character: string, inClass: boolean): string {
  if (Object.hasOwn(shorthands, character)) return shorthands[character]!
  if (/[nrtpP\\^$.*+?()[\]{}|/]/.test(character)) return `\\${character}`
  return inClass && /[-&!#%,:;<=>@`~]/.test(character) ? `\\${character}` : character
}
