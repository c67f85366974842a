import { expect, test } from '@jest/globals'
import { parseConfigFile } from '../src/parse-config-file.ts'

test('reads a flat JSON file and one as it is posted to Connect', () => {
  expect(parseConfigFile('a.json', '\uFEFF{"tasks.max": 1}')).toEqual({
    config: { 'tasks.max': 1 },
    findings: [],
  })
  expect(parseConfigFile('a.json', '{"name": "n", "config": {"tasks.max": "1"}}').config).toEqual({
    name: 'n',
    'tasks.max': '1',
  })
})

test('finds names that contradict each other and properties beside config', () => {
  const { findings } = parseConfigFile('a.json', '{"name": "a", "tasks.max": "1", "config": {"name": "b"}}')
  expect(findings.map(({ property }) => property)).toEqual(['name', 'tasks.max'])
})

test.each(['[1]', 'null', '"x"', '{', ''])('refuses %j in a sentence', text => {
  expect(() => parseConfigFile('a.json', text)).toThrow(expect.objectContaining({ code: 'FILE_UNUSABLE' }))
})

test('does not quote the file in its refusal', () => {
  expect(() => parseConfigFile('a.json', '{"database.password": "hunter2" "x"}')).toThrow(/^(?!.*hunter2)/)
})

test('reads properties with comments, continued lines and escapes', () => {
  const text = [
    '# comment',
    '! comment',
    'name = shop',
    'a:b',
    'c d e',
    'long = one,\\',
    '    two',
    'table.include.list = shop\\\\.orders',
    'key\\ with\\=odd = \\u00e9\\t\\:',
    'empty',
  ].join('\r\n')
  const { config, findings } = parseConfigFile('a.properties', text)
  expect({ ...config }).toEqual({
    name: 'shop',
    a: 'b',
    c: 'd e',
    long: 'one,two',
    'table.include.list': 'shop\\.orders',
    'key with=odd': 'é\t:',
    empty: '',
  })
  expect(findings).toEqual([])
})

test('finds the backslash that a properties file drops, and what is written twice', () => {
  const { config, findings } = parseConfigFile('a.properties', 'a=shop\\.orders\nb=1\nb=2')
  expect(config.a).toBe('shop.orders')
  expect(findings).toEqual([
    {
      severity: 'error',
      property: 'a',
      message: 'line 1: a .properties file drops a single backslash',
      suggestion: 'shop\\\\.orders',
    },
    { severity: 'error', property: 'b', message: 'line 3: written twice; the last one wins silently' },
  ])
})

test('refuses properties without any', () => {
  expect(() => parseConfigFile('a.properties', '# nothing\n\n')).toThrow('holds no property')
})
