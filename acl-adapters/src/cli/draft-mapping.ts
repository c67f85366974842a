import { isGroup } from '../codec/layout.ts'
import type { ComplexType, Contract, Operation, Particle } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'

/** What a resource for an operation could be. A person confirms it: a name is no proof that a call only reads. */
export type DraftResource = { operation: string; method: string; path: string; effect: 'write'; why: string }

const readVerbs = new Set(
  'get find list search query read fetch lookup check is has count retrieve'.split(' '),
)
const createVerbs = new Set('create add register submit insert place new'.split(' '))
const deleteVerbs = new Set('delete remove cancel'.split(' '))
const updateVerbs = new Set('update set save change modify edit'.split(' '))

/**
 * Proposes a noun and a verb for every operation that can be called, with the reason. All are drafted with
 * effect `write`, so that nothing is retried or cached before somebody has said that it may be.
 */
export function draftMapping({ operations }: Contract): DraftResource[] {
  const taken = new Set<string>()
  return [...operations.values()]
    .filter(({ unsupported }) => unsupported.length === 0)
    .map(operation => {
      const draft = propose(operation)
      const address = `${draft.method} ${draft.path}`
      const free = !taken.has(address)
      taken.add(address)
      return free ? draft : rpc(operation.name, `${address} is taken by another operation`)
    })
}

function propose({ name, input }: Operation): DraftResource {
  const [verb = '', ...rest] = words(name)
  if (rest.length === 0) return rpc(name, 'the name has no noun beside its verb')
  const nouns = `/${plural(rest.join('-'))}`
  const fields = input.element?.type.kind === 'complex' ? fieldsOf(input.element.type) : []
  const key = fields.filter(field => field.required && /(^id|Id|ID|Key|Number|No|Code)$/.test(field.name))
  const byKey = key.length === 1 ? `${nouns}/{${key[0]!.name}}` : undefined
  const draft = (method: string, path: string, why: string): DraftResource => ({
    operation: name,
    method,
    path,
    effect: 'write',
    why,
  })
  if (readVerbs.has(verb)) {
    if (fields.some(field => !field.scalar))
      return draft('POST', `${nouns}/search`, `${verb} with a structured input`)
    if (byKey !== undefined && fields.length === 1)
      return draft(
        'GET',
        byKey,
        `${verb} by the one required key ${key[0]!.name}; confirm that it only reads`,
      )
    return draft('GET', nouns, `${verb} with scalar inputs; confirm that it only reads`)
  }
  if (createVerbs.has(verb)) return draft('POST', nouns, `${verb} makes a new one`)
  if (deleteVerbs.has(verb) && byKey !== undefined)
    return draft('DELETE', byKey, `${verb} by the one required key ${key[0]!.name}`)
  if (updateVerbs.has(verb) && byKey !== undefined)
    return draft(
      'POST',
      `${byKey}/${verb}`,
      `${verb} of the one with the key; PUT only if it replaces all of it`,
    )
  return rpc(name, `${verb} says neither read nor write`)
}

function rpc(name: string, why: string): DraftResource {
  return { operation: name, method: 'POST', path: `/rpc/${name}`, effect: 'write', why }
}

function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_.-]+/)
    .map(word => word.toLowerCase())
    .filter(word => word !== '')
}

function plural(noun: string): string {
  if (noun.endsWith('s')) return noun
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`
}

type Field = { name: string; required: boolean; scalar: boolean }

function fieldsOf(type: ComplexType): Field[] {
  const walk = (particle: Particle, needed: boolean): Field[] => {
    const required = needed && particle.min > 0
    if (particle.kind === 'any') return [{ name: '$any', required, scalar: false }]
    if (!isGroup(particle)) {
      const scalar = particle.element.type.kind === 'simple' && particle.max === 1
      return [{ name: localOf(particle.element.name), required, scalar }]
    }
    return particle.items.flatMap(item =>
      walk(item, required && particle.kind !== 'choice' && particle.max === 1),
    )
  }
  return type.content === undefined ? [] : walk(type.content, true)
}

/** The draft as a TypeScript module to start a mapping from. */
export function draftSource(resources: readonly DraftResource[]): string {
  const rows = resources.map(({ operation, method, path, effect, why }) => {
    const text = [operation, method, path, effect].map(part => JSON.stringify(part))
    return `  // ${why.replaceAll(/[\r\n]/g, ' ')}\n  { operation: ${text[0]}, method: ${text[1]}, path: ${text[2]}, effect: ${text[3]} },\n`
  })
  return `/** A draft: check every line, then move it into a mapping. */\nexport const draft = [\n${rows.join('')}] as const\n`
}
