import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../../..')
const rows = readFileSync(join(root, 'docs/patterns.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !line.startsWith('| pattern '))
  .map(line => line.split(' | ').map(cell => cell.replace(/^\| | \|$/g, '').trim()))

const pathsIn = (cell: string) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => String(path).replace(/^es\//, 'extracted-services/'))

test('has rows of a pattern, a file, a test and a command', () => {
  expect(rows.length).toBeGreaterThan(30)
  for (const row of rows) expect(row).toHaveLength(4)
})

test('names files that exist', () => {
  const missing = rows.flatMap(([, files = '', tests = '']) =>
    [...pathsIn(files), ...pathsIn(tests)].filter(path => !existsSync(join(root, path))),
  )
  expect(missing).toEqual([])
})

test('names tests that the file has', () => {
  const missing = rows.flatMap(([, , cell = '']) => {
    const [, path = '', name] = /^`([^`]+)`: (.+)$/.exec(cell) ?? []
    if (name === undefined) return []
    const file = readFileSync(join(root, path.replace(/^es\//, 'extracted-services/')), 'utf8')
    return file.includes(name) ? [] : [`${path}: ${name}`]
  })
  expect(missing).toEqual([])
})
