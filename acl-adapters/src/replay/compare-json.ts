import { isJsonObject, type Json, pointerToken } from '../codec/json.ts'

export type Divergence = { path: string; before: Json | undefined; after: Json | undefined }

const maxDivergences = 20

/** Unequal values by their JSON pointer; what is ignored by a pointer is so with everything below it. `*` is any item. */
export function divergencesOf(
  before: Json | undefined,
  after: Json | undefined,
  ignored: readonly string[],
): { diverged: Divergence[]; ignored: number } {
  const rules = ignored.map(pointer => pointer.split('/').slice(1))
  const diverged: Divergence[] = []
  let passed = 0
  const isIgnored = (path: readonly string[]) =>
    rules.some(rule => rule.length <= path.length && rule.every((key, at) => key === '*' || key === path[at]))
  const visit = (a: Json | undefined, b: Json | undefined, path: string[]) => {
    if (isEqualLeaf(a, b)) return
    if (path.length > 0 && isIgnored(path)) {
      passed += 1
      return
    }
    if (Array.isArray(a) && Array.isArray(b)) {
      for (let at = 0; at < Math.max(a.length, b.length); at += 1) visit(a[at], b[at], [...path, String(at)])
    } else if (isJsonObject(a) && isJsonObject(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) visit(a[key], b[key], [...path, key])
    } else if (diverged.length < maxDivergences)
      diverged.push({ path: path.map(key => pointerToken(key)).join(''), before: a, after: b })
  }
  visit(before, after, [])
  return { diverged, ignored: passed }
}

function isEqualLeaf(a: Json | undefined, b: Json | undefined): boolean {
  return Object.is(a, b)
}
