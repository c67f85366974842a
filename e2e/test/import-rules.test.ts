import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '..', '..')

/** What each part may import of ours, besides itself. `outermost` may import all but the monolith. */
const allowed: Record<string, readonly string[]> = {
  kit: [],
  'legacy-monolith': [],
  'strangler-proxy': ['kit'],
  'acl-adapters': ['kit'],
  'extracted-services/chassis': ['kit'],
  'extracted-services/*': ['kit', 'extracted-services/chassis'],
  'migrations/debezium-connector-config': ['kit'],
  migrations: ['kit', 'migrations/debezium-connector-config'],
  console: ['kit'],
}
/** Types cross where the code must not. */
const allowedTypes: Record<string, readonly string[]> = {
  migrations: ['strangler-proxy'],
  console: ['strangler-proxy', 'migrations'],
}
const outermost = ['stack', 'demo', 'bench', 'e2e']

const packages: Record<string, string> = {
  '@strangler/kit': 'kit',
  'legacy-monolith': 'legacy-monolith',
  '@strangler/proxy': 'strangler-proxy',
  '@strangler/acl-adapters': 'acl-adapters',
  '@strangler/chassis': 'extracted-services/chassis',
  '@strangler/customers': 'extracted-services/customers',
  '@strangler/catalog': 'extracted-services/catalog',
  '@strangler/orders': 'extracted-services/orders',
  '@strangler/storefront': 'extracted-services/storefront',
  '@strangler/migrations': 'migrations',
  'debezium-connector-config': 'migrations/debezium-connector-config',
  '@strangler/console': 'console',
  '@strangler/stack': 'stack',
  '@strangler/demo': 'demo',
}

type Import = { file: string; specifier: string; typeOnly: boolean }

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? sourceFiles(path) : /\.(ts|js)$/.test(entry.name) ? [path] : []
  })
}

const files = sourceFiles(root).map(path => relative(root, path).split(sep).join('/'))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...found].map(match => ({
    file,
    specifier: match[2] ?? match[3]!,
    typeOnly: match[1] !== undefined,
  }))
}

function partOf(file: string): string {
  const [first, second] = file.split('/')
  if (first === 'extracted-services') return `${first}/${second}`
  if (file.startsWith('migrations/debezium-connector-config/')) return 'migrations/debezium-connector-config'
  return first!
}

function targetOf({ file, specifier }: Import): string | undefined {
  if (specifier.startsWith('.'))
    return partOf(
      relative(root, join(root, file, '..', specifier))
        .split(sep)
        .join('/'),
    )
  const name = specifier.startsWith('@') ? specifier.split('/', 2).join('/') : specifier.split('/', 1)[0]!
  return packages[name]
}

function mayImport(part: string, target: string, typeOnly: boolean): boolean {
  if (part === target) return true
  if (target === 'legacy-monolith') return false
  if (outermost.includes(part)) return true
  const service = part.startsWith('extracted-services/') && part !== 'extracted-services/chassis'
  const key = service ? 'extracted-services/*' : part
  return (
    allowed[key]?.includes(target) === true || (typeOnly && allowedTypes[part]?.includes(target) === true)
  )
}

test('every import goes along an edge that the layout allows', () => {
  const broken = files
    .filter(file => file.includes('/'))
    .flatMap(importsOf)
    .map(found => ({ ...found, target: targetOf(found) }))
    .filter(
      ({ file, target, typeOnly }) => target !== undefined && !mayImport(partOf(file), target, typeOnly),
    )
    .map(({ file, specifier }) => `${file} imports ${specifier}`)
  expect(broken).toEqual([])
})

test('only a composition root reads the process: its arguments, environment and exit', () => {
  const readers = files
    .filter(file => /\/src\/.*\.ts$/.test(file) && !/(^|-|\/)main\.ts$|\/test-support\//.test(file))
    .filter(file => /\bprocess\.(argv|env|exit|stdin|stdout|stderr|on)\b/.test(code(file)))
  expect(readers).toEqual([])
})

test('no folder lies deeper than workspace/src/folder/file', () => {
  const deep = files.filter(file => /\/src\/[^/]+\/[^/]+\//.test(file))
  expect(deep).toEqual([])
})

test('no source file passes 400 lines', () => {
  const long = files
    .map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 401)
  expect(long).toEqual([])
})

test('files are named in kebab-case', () => {
  const odd = files.filter(
    file =>
      !/^[a-z0-9-]+(\.(test|db\.test|e2e\.test|process\.test|config))?\.(ts|js)$/.test(
        file.split('/').at(-1)!,
      ),
  )
  expect(odd).toEqual([])
})

/** The file without comments, so that a sentence about `process.env` is no offence. */
function code(file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
