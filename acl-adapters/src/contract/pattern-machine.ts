/** The part of an XSD pattern: what the machine below is built from. */
type Node =
  | { kind: 'one'; test: (character: string) => boolean }
  | { kind: 'all'; items: Node[] }
  | { kind: 'either'; items: Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number }

/** What a value is tested against; a RegExp is one too. */
export type Matcher = { test(text: string): boolean }

type State = { test: ((character: string) => boolean) | undefined; next: number[] }

const maxStates = 20_000

/**
 * A matcher for a pattern in JavaScript's syntax with the v flag, without anchors, look-around and references,
 * which XSD patterns have none of. Its time is bounded by length × states whatever the text (Thompson 1968),
 * where a backtracking RegExp may need exponential time.
 * @returns undefined where the pattern needs more than 20,000 states
 */
export function linearMatcher(source: string): Matcher | undefined {
  const states: State[] = []
  try {
    const end = build(parse(source), states)
    return { test: text => run(states, end, text) }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Whether backtracking over the pattern stays linear: one repetition of varying length at most, of one character. */
export function isPlain(source: string): boolean {
  const bare = source.replace(/\\[pP]\{[^}]*\}|\\./g, 'x').replace(/\[(?:[^[\]]|\[[^\]]*\])*\]/g, 'x')
  const varying = bare.match(/[*+?]|\{\d+,\d*\}/g)?.length ?? 0
  return varying === 0 || (varying === 1 && !/\)(?:[*+?]|\{\d+,)/.test(bare))
}

function parse(source: string): Node {
  let at = 0
  const either = (): Node => {
    const items = [all()]
    while (source[at] === '|') {
      at += 1
      items.push(all())
    }
    return items.length === 1 ? items[0]! : { kind: 'either', items }
  }
  const all = (): Node => {
    const items: Node[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') items.push(repeated(atom()))
    return { kind: 'all', items }
  }
  const atom = (): Node => {
    if (source[at] !== '(') return { kind: 'one', test: single(takeCharacter()) }
    at += source.startsWith('(?:', at) ? 3 : 1
    const inner = either()
    at += 1
    return inner
  }
  const takeCharacter = (): string => {
    const from = at
    if (source[at] === '\\') at += /[pP]/.test(source[at + 1] ?? '') ? source.indexOf('}', at) - at + 1 : 2
    else if (source[at] === '[') skipClass()
    else at += String.fromCodePoint(source.codePointAt(at)!).length
    return source.slice(from, at)
  }
  const skipClass = () => {
    let depth = 0
    do {
      if (source[at] === '\\') at += 1
      else if (source[at] === '[') depth += 1
      else if (source[at] === ']') depth -= 1
      at += 1
    } while (depth > 0 && at < source.length)
  }
  const repeated = (item: Node): Node => {
    const [text, min, comma, max] = /^(?:[*+?]|\{(\d+)(,)?(\d+)?\})/.exec(source.slice(at)) ?? []
    if (text === undefined) return item
    at += text.length
    const most = Number.POSITIVE_INFINITY
    if (text === '*') return { kind: 'repeat', item, min: 0, max: most }
    if (text === '+') return { kind: 'repeat', item, min: 1, max: most }
    if (text === '?') return { kind: 'repeat', item, min: 0, max: 1 }
    const least = Number(min)
    return {
      kind: 'repeat',
      item,
      min: least,
      max: max === undefined ? (comma === undefined ? least : most) : Number(max),
    }
  }
  return either()
}

function single(source: string): (character: string) => boolean {
  if (!/^[\\[]/.test(source)) return character => character === source
  const expression = new RegExp(`^${source}$`, 'v')
  return character => expression.test(character)
}

/** Adds the states of a pattern. @returns the number of the final state; the first is 0 */
function build(root: Node, states: State[]): number {
  const add = (test?: State['test']): number => {
    if (states.length >= maxStates) throw new RangeError('too many states')
    return states.push({ test, next: [] }) - 1
  }
  const link = (from: number, to: number) => states[from]!.next.push(to)
  const place = (node: Node, from: number): number => {
    switch (node.kind) {
      case 'one': {
        const state = add(node.test)
        link(from, state)
        const after = add()
        link(state, after)
        return after
      }
      case 'all':
        return node.items.reduce((at, item) => place(item, at), from)
      case 'either': {
        const after = add()
        for (const item of node.items) {
          const start = add()
          link(from, start)
          link(place(item, start), after)
        }
        return after
      }
      case 'repeat': {
        let at = from
        for (let turn = 0; turn < node.min; turn += 1) at = place(node.item, at)
        if (node.max !== Number.POSITIVE_INFINITY) return optional(node, at)
        const loop = add()
        link(at, loop)
        link(place(node.item, loop), loop)
        return loop
      }
      default:
        return node satisfies never
    }
  }
  const optional = ({ item, min, max }: Extract<Node, { kind: 'repeat' }>, from: number): number => {
    const after = add()
    let at = from
    link(at, after)
    for (let turn = min; turn < max; turn += 1) {
      at = place(item, at)
      link(at, after)
    }
    return after
  }
  return place(root, add())
}

/** All states that can be reached are followed at once, so no text is read twice. */
function run(states: readonly State[], end: number, text: string): boolean {
  const spread = (starts: readonly number[]): Set<number> => {
    const reached = new Set(starts)
    for (const at of reached)
      if (states[at]!.test === undefined) for (const next of states[at]!.next) reached.add(next)
    return reached
  }
  let here = spread([0])
  for (const character of text) {
    const next: number[] = []
    for (const at of here) if (states[at]!.test?.(character)) next.push(...states[at]!.next)
    if (next.length === 0) return false
    here = spread(next)
  }
  return here.has(end)
}
