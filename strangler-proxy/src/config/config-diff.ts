import type { Config } from './config-schema.ts'

/** One value that differs between two configurations; `absent` where a side does not have it. */
export type ConfigDifference = { path: string; before: string; after: string }

const maxDifferences = 100

/** What changed from one configuration to the next, by path, up to a hundred values. */
export function diffConfigs(before: Config, after: Config): ConfigDifference[] {
  const left = flat(before)
  const right = flat(after)
  const paths = new Set([...left.keys(), ...right.keys()])
  return [...paths]
    .map(path => ({ path, before: left.get(path) ?? 'absent', after: right.get(path) ?? 'absent' }))
    .filter(entry => entry.before !== entry.after)
    .slice(0, maxDifferences)
}

function flat(config: Config): Map<string, string> {
  const values = new Map<string, string>()
  const visit = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) values.set(path, JSON.stringify(value) ?? 'absent')
    else for (const [key, item] of Object.entries(value)) visit(item, path === '' ? key : `${path}.${key}`)
  }
  visit(config, '')
  return values
}
