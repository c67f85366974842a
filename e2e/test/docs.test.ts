import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from '@jest/globals'
import { CommanderError } from 'commander'
import { referenceProgram } from '../src/cli-reference.ts'
import { configDescriptions } from '../src/config-descriptions.ts'
import { configKeys } from '../src/config-json-schema.ts'
import {
  anchorsOf,
  documentationPages,
  linksOf,
  shellWords,
  stranglerCommands,
} from '../src/documentation-pages.ts'
import { errorCodes, namedCodes } from '../src/error-reference.ts'
import { referencePages } from '../src/reference-pages.ts'

const root = join(import.meta.dirname, '..', '..')
const pages = documentationPages()

test('every link leads to a file that is there, and to a heading of it', () => {
  const broken = pages.flatMap(page =>
    linksOf(page)
      .filter(target => !/^(https?|mailto):/.test(target))
      .filter(target => {
        const [file = '', anchor] = target.split('#', 2)
        const path = file === '' ? page.path : normalize(join(dirname(page.path), decodeURI(file)))
        if (!existsSync(join(root, path))) return true
        if (anchor === undefined || statSync(join(root, path)).isDirectory()) return false
        return !anchorsOf({ path, text: readFileSync(join(root, path), 'utf8') }).has(anchor)
      })
      .map(target => `${page.path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every strangler command of a page is one that the program takes', async () => {
  const refused: string[] = []
  let parsed = 0
  for (const page of pages)
    for (const words of stranglerCommands(page)) {
      parsed += 1
      // Capitals stand for what the reader fills in.
      const typed = words.map(filledIn)
      try {
        await referenceProgram().parseAsync(typed, { from: 'user' })
      } catch (error) {
        if (!(error instanceof CommanderError) || error.exitCode !== 0)
          refused.push(`${page.path}: ${words.join(' ')}: ${(error as Error).message}`)
      }
    }
  expect(refused).toEqual([])
  expect(parsed).toBeGreaterThan(60)
})

function filledIn(word: string): string {
  if (/^(CAPABILITY|NAME)$/.test(word)) return 'customers'
  return word === 'ID' ? '7777' : word
}

test('words are those of a shell', () => {
  expect(shellWords(` stage a b --reason "two words" # why`)).toEqual([
    'stage',
    'a',
    'b',
    '--reason',
    'two words',
  ])
  expect(shellWords(` status --json | jq '.x'`)).toEqual(['status', '--json'])
})

test('generated pages are as the sources make them: node e2e/src/write-reference-main.ts', () => {
  const stale = [...referencePages()]
    .filter(
      ([path, text]) =>
        !existsSync(join(root, path)) || !sameText(readFileSync(join(root, path), 'utf8'), text),
    )
    .map(([path]) => path)
  expect(stale).toEqual([])
})

/** JSON may be laid out by the formatter. */
function sameText(found: string, made: string): boolean {
  return made.startsWith('{')
    ? JSON.stringify(JSON.parse(found)) === JSON.stringify(JSON.parse(made))
    : found === made
}

test('every key of strangler.yaml is described, and nothing that is no key', () => {
  const keys = configKeys().map(({ path }) => path)
  expect(keys.filter(path => configDescriptions[path] === undefined)).toEqual([])
  expect(Object.keys(configDescriptions).filter(path => !keys.includes(path))).toEqual([])
})

test('every call of the admin API and of the operator API stands on its page', () => {
  const page = readFileSync(join(root, 'docs/reference/api.md'), 'utf8')
  const folders = ['strangler-proxy/src/admin', 'migrations/src/operator']
  const calls = folders.flatMap(folder =>
    readdirSync(join(root, folder)).flatMap(file =>
      [
        ...readFileSync(join(root, folder, file), 'utf8').matchAll(
          /(?:app|router)\.(get|post|put|delete)\('(\/[^']*)'/g,
        ),
      ].map(([, method = '', path = '']) => `${method.toUpperCase()} ${path}`),
    ),
  )
  expect(calls.length).toBeGreaterThan(20)
  expect(calls.filter(call => !page.includes(`\`${call}\``))).toEqual([])
})

test('codes that a page names are codes that the sources have', () => {
  const known = namedCodes()
  expect(errorCodes().length).toBeGreaterThan(100)
  const unknown = pages
    .filter(({ path }) => /^docs\/(how-to|concepts|operations|tutorial|runbooks)\//.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = '']) => ({ path, code })),
    )
    .filter(({ code }) => !code.startsWith('STRANGLER_') && !known.has(code))
  expect(unknown).toEqual([])
})
