import type { Problem } from '@strangler/kit/problem.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Contract, SimpleType } from '../contract/contract.ts'
import { instanceNamespace, localOf, namespaceOf, type QualifiedName } from '../xml/qualified-name.ts'
import { escapeAttribute } from '../xml/xml-text.ts'
import type { Json } from './json.ts'
import { writeSimpleValue } from './write-simple-value.ts'

const maxProblems = 100

export type EncodeContract = Pick<Contract, 'prefixes' | 'types' | 'elements'>

/** What the functions of the encoder share while one message is written. */
export type EncodeContext = {
  /** The XML so far. */
  out: string
  /** Set once a value turned out not to be plain: what is left is written, and its problems named, at large. */
  careful: boolean
  /** A namespace that is declared already. */
  lastUsed: string
  readonly prefixes: ReadonlyMap<string, string>
  readonly contract: EncodeContract
  readonly problems: Problem[]
  report(path: string, message: string): void
  prefixFor(namespace: string): string
  /** `prefix:local`, its namespace declared. */
  tagOf(name: QualifiedName): string
  /** The text of a value, not yet escaped; '' and a problem where it is refused. */
  simpleText(type: SimpleType, json: Json, path: string): string
  /** Declarations of every namespace used, for the root's start tag. */
  declarations(): string
}

/** Namespaces that the contract has no prefix for get one of their own. */
export function createEncodeContext(contract: EncodeContract): EncodeContext {
  const { prefixes } = contract
  const problems: Problem[] = []
  const declared = new Map<string, string>()
  const report = (path: string, message: string) => {
    if (problems.length < maxProblems) problems.push({ path: path === '' ? '/' : path, message })
  }
  const prefixFor = (namespace: string): string => {
    const known = declared.get(namespace)
    if (known !== undefined) return known
    const own = namespace === instanceNamespace ? 'xsi' : prefixes.get(namespace)
    const prefix = own ?? `x${declared.size}`
    if (prefix !== 'xml') declared.set(namespace, prefix)
    return prefix
  }
  return {
    out: '',
    careful: false,
    lastUsed: '',
    prefixes,
    contract,
    problems,
    report,
    prefixFor,
    tagOf(name) {
      const namespace = namespaceOf(name)
      return namespace === '' ? localOf(name) : `${prefixFor(namespace)}:${localOf(name)}`
    },
    simpleText(type, json, path) {
      try {
        return writeSimpleValue(type, json, prefixFor)
      } catch (error) {
        if (!isToolkitError(error, 'VALUE_INVALID')) throw error
        report(path, error.message)
        return ''
      }
    },
    declarations: () =>
      [...declared].map(([namespace, prefix]) => ` xmlns:${prefix}="${escapeAttribute(namespace)}"`).join(''),
  }
}
