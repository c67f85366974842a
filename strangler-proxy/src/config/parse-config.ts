import { createHash } from 'node:crypto'
import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import type { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { checkConfig } from './check-config.ts'
import { type CompanionFiles, checkCompanions } from './companion-files.ts'
import { type Config, configSchema } from './config-schema.ts'

export type ParsedConfig =
  | { config: Config; text: string; hash: string; problems: readonly [] }
  | { problems: readonly Problem[] }

const maxFileBytes = 4 * 1024 * 1024
const maxAliases = 100

/**
 * The text of a strangler.yaml as configuration, or every problem it has, each with path and line.
 * @param companions looked into as well, where given
 */
export function parseConfig(text: string, companions?: CompanionFiles): ParsedConfig {
  if (text.length > maxFileBytes) return { problems: [{ path: '', message: `over ${maxFileBytes} bytes` }] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0)
    return {
      problems: document.errors.map(error => ({
        path: '',
        message: error.message,
        line: lines.linePos(error.pos[0]).line,
      })),
    }
  const reserved = reservedKeys(document, lines)
  if (reserved.length > 0) return { problems: reserved }
  let raw: unknown
  try {
    raw = document.toJS({ maxAliasCount: maxAliases })
  } catch {
    return { problems: [{ path: '', message: `more than ${maxAliases} uses of aliases`, line: 1 }] }
  }
  const problem = (path: readonly PropertyKey[], message: string): Problem => ({
    path: path.join('.'),
    message,
    line: lineOf(document, lines, path),
  })
  const shape = configSchema.safeParse(raw)
  if (!shape.success) {
    return {
      problems: shape.error.issues.flatMap(issue =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map(key => problem([...issue.path, key], 'no such key'))
          : [
              problem(
                issue.path,
                issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message,
              ),
            ],
      ),
    }
  }
  const findings = [
    ...checkConfig(shape.data),
    ...(companions === undefined ? [] : checkCompanions(shape.data, companions)),
  ]
  if (findings.length > 0) return { problems: findings.map(({ path, message }) => problem(path, message)) }
  return { config: shape.data, text, hash: hashOf(text), problems: [] }
}

/** What two proxies compare to know that they serve the same file. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** A file refused as a whole. */
export function invalidConfig(file: string, problems: readonly Problem[]): ToolkitError {
  return invalidInput('CONFIG_INVALID', file, problems)
}

/** `__proto__` would be dropped without a word on the way to an object. */
function reservedKeys(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Pair(_index, { key }) {
      if (isScalar(key) && key.value === '__proto__')
        problems.push({
          path: '__proto__',
          message: 'no such key',
          line: lines.linePos(key.range?.[0] ?? 0).line,
        })
    },
  })
  return problems
}

/** The line of the deepest part of `path` that the file has. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    if (!isCollection(node)) break
    const found = isMap(node)
      ? node.items.find(pair => isNode(pair.key) && String(pair.key) === String(step))
      : undefined
    const next: unknown = found === undefined ? node.get(step, true) : found.value
    if (found !== undefined && isNode(found.key)) offset = found.key.range?.[0] ?? offset
    else if (isNode(next)) offset = next.range?.[0] ?? offset
    else break
    node = next
  }
  return lines.linePos(offset).line
}
