import { isGroup, isRepeated, type Layout, layoutOf } from '../codec/layout.ts'
import type {
  ComplexType,
  Contract,
  ElementDeclaration,
  Message,
  Particle,
  SimpleType,
} from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'

/** TypeScript types of every message of a contract, and an interface of its operations. */
export function typeScriptTypes(contract: Contract): string {
  const names = new Map<ComplexType, string>()
  const taken = new Set(['XmlNode'])
  const declarations: string[] = []

  const nameFor = (wanted: string): string => {
    const base = identifier(wanted)
    let name = base
    for (let count = 2; taken.has(name); count += 1) name = `${base}${count}`
    taken.add(name)
    return name
  }

  const ofComplex = (type: ComplexType, wanted: string): string => {
    if (type.generic) return 'XmlNode'
    const known = names.get(type)
    if (known !== undefined) return known
    const name = nameFor(wanted)
    names.set(type, name)
    const concrete = [type, ...type.derived].filter(candidate => !candidate.abstract)
    const at = declarations.push('') - 1
    const own = objectType(type, wanted, type.derived.length > 0 ? '  $type?: string\n' : '')
    const others = concrete.filter(candidate => candidate !== type)
    const union = others.map(candidate => {
      const label = JSON.stringify(localOf(candidate.name!))
      return `(Omit<${ofComplex(candidate, localOf(candidate.name!))}, '$type'> & { $type: ${label} })`
    })
    const parts = [...(type.abstract ? [] : [own]), ...union]
    declarations[at] = `export type ${name} = ${parts.length === 0 ? 'never' : parts.join(' | ')}\n`
    return name
  }

  const objectType = (type: ComplexType, wanted: string, first: string): string => {
    const layout = layoutOf(type, contract.prefixes)
    const lines = [first]
    for (const { key, use } of layout.attributes.values())
      lines.push(`  ${property(key)}${use.required ? '' : '?'}: ${simpleTypeScript(use.type)}\n`)
    if (type.anyAttribute !== undefined) lines.push("  '@*'?: Record<string, string>\n")
    if (type.text !== undefined) lines.push(`  $: ${simpleTypeScript(type.text)}\n`)
    else if (type.mixed) lines.push('  $mixed: (string | Record<string, unknown>)[]\n')
    else if (type.content !== undefined) lines.push(...properties(type.content, layout, wanted, true))
    return `{\n${lines.join('')}}`
  }

  const properties = (particle: Particle, layout: Layout, wanted: string, needed: boolean): string[] => {
    const key = layout.keys.get(particle)
    const required = needed && particle.min > 0
    if (key !== undefined) {
      const item = isGroup(particle) ? groupType(particle, layout, wanted) : leafType(particle, wanted)
      const many = isRepeated(particle)
      return [`  ${property(key)}${required ? '' : '?'}: ${many ? `(${item})[]` : item}\n`]
    }
    if (!isGroup(particle)) return []
    const inside = required && particle.kind !== 'choice'
    return particle.items.flatMap(item => properties(item, layout, wanted, inside))
  }

  const groupType = (
    particle: Extract<Particle, { items: unknown }>,
    layout: Layout,
    wanted: string,
  ): string =>
    `{\n${particle.items.flatMap(item => properties(item, layout, wanted, particle.kind !== 'choice')).join('')}}`

  const leafType = (particle: Particle, wanted: string): string => {
    if (particle.kind !== 'element') return 'XmlNode'
    const own = ofElement(particle.element, `${wanted}${capital(localOf(particle.element.name))}`)
    return particle.element.substitutes.length === 0
      ? own
      : `${own} | ({ $element: string } & Record<string, unknown>)`
  }

  const ofType = (type: SimpleType | ComplexType, wanted: string): string => {
    if (type.kind === 'simple') return simpleTypeScript(type)
    if (type.soapArray !== undefined) return `(${ofType(type.soapArray.item, `${wanted}Item`)} | null)[]`
    return ofComplex(type, type.name === undefined ? wanted : localOf(type.name))
  }

  const ofElement = (element: ElementDeclaration, wanted: string): string => {
    const { type } = element
    const text = ofType(type, wanted)
    return element.nillable ? `${text} | null` : text
  }

  const ofMessage = (message: Message): string => {
    const { headers = [] } = message
    const body = ofBody(message)
    if (headers.length === 0) return body
    const fields = headers.map(
      header => `${property(localOf(header.name))}?: ${ofElement(header, localOf(header.name))}`,
    )
    return `${body} & { $headers?: { ${fields.join('; ')} } }`
  }

  const ofBody = ({ element, parts }: Message): string => {
    if (parts !== undefined) {
      const fields = parts.map(
        part => `${property(localOf(part.name))}: ${ofElement(part, localOf(part.name))}`,
      )
      return `{ ${fields.join('; ')} }`
    }
    if (element === undefined) return 'Record<string, never>'
    const text = ofElement(element, localOf(element.name))
    return element.type.kind === 'complex' ? text : `{ ${property(localOf(element.name))}: ${text} }`
  }

  const operations = callable(contract).map(
    ({ name, input, output }) =>
      `  ${property(name)}: { input: ${ofMessage(input)}; output: ${output === undefined ? 'Record<string, never>' : ofMessage(output)} }\n`,
  )
  return [
    "/** XML that no schema describes. */\nexport type XmlNode = { '#'?: string; '@': Record<string, string>; $: (string | XmlNode)[] }\n",
    ...declarations,
    `/** Input and output of every operation. */\nexport type Operations = {\n${operations.join('')}}\n`,
    "/** A server of the contract: what answers each operation. */\nexport type Handlers = {\n  [Name in keyof Operations]: (input: Operations[Name]['input']) => Promise<Operations[Name]['output']>\n}\n",
  ].join('\n')
}

/** A client of the REST façade, typed by the types beside it; needs nothing but fetch. */
export function typeScriptClient(contract: Contract): string {
  const names = callable(contract).map(({ name }) => name)
  return `import type { Operations } from './types.ts'

export class ProblemError extends Error {
  readonly status: number
  readonly problem: Record<string, unknown>

  constructor(status: number, problem: Record<string, unknown>) {
    super(String(problem.detail ?? problem.title ?? status))
    this.status = status
    this.problem = problem
  }
}

export type Client = {
  [Name in keyof Operations]: (input: Operations[Name]['input']) => Promise<Operations[Name]['output']>
}

const names: readonly (keyof Operations)[] = ${JSON.stringify(names)}

/** @param url of the REST façade, without a slash at its end */
export function createClient(url: string, send: typeof fetch = fetch): Client {
  const call = async (name: string, input: unknown): Promise<unknown> => {
    const reply = await send(\`\${url}/rpc/\${encodeURIComponent(name)}\`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(input),
    })
    const text = await reply.text()
    const body = text === '' ? {} : JSON.parse(text)
    if (!reply.ok) throw new ProblemError(reply.status, body)
    return body
  }
  return Object.fromEntries(names.map(name => [name, (input: unknown) => call(name, input)])) as Client
}
`
}

function callable({ operations }: Contract) {
  return [...operations.values()].filter(({ unsupported }) => unsupported.length === 0)
}

function simpleTypeScript(type: SimpleType): string {
  if (type.variety === 'list') return `(${simpleTypeScript(type.item!)})[]`
  if (type.variety === 'union')
    return [...new Set((type.members ?? []).map(simpleTypeScript))].join(' | ') || 'string'
  const { form } = type.builtin
  if (form === 'boolean') return 'boolean'
  if (form === 'float') return "number | 'INF' | '-INF' | 'NaN'"
  if (form === 'integer') return 'number'
  if (form === 'digits' || form === 'decimal') return 'string'
  const { enumeration } = type.facets
  if (enumeration === undefined) return 'string'
  return [...new Set(enumeration)].map(value => JSON.stringify(value)).join(' | ')
}

function property(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)
}

function identifier(text: string): string {
  const name = capital(text.replace(/[^A-Za-z0-9_]/g, '_'))
  return /^[A-Za-z_]/.test(name) ? name : `T${name}`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
