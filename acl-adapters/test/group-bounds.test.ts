import { expect, test } from '@jest/globals'
import { compileSchema, sequence } from './compile-schema.ts'

const element = (name: string, attributes = '') => `<xs:element name="${name}" type="xs:int" ${attributes}/>`
const group = (kind: string, content: string) => `<xs:${kind} maxOccurs="unbounded">${content}</xs:${kind}>`

test.each([
  ['a choice of elements', group('choice', element('a') + element('b'))],
  ['a first element that stands once', group('sequence', element('a') + element('b', 'minOccurs="0"'))],
  ['a last element that stands once', group('sequence', element('a', 'maxOccurs="9"') + element('b'))],
  [
    'such an element in a sequence inside',
    group('sequence', `<xs:sequence>${element('a')}</xs:sequence>${element('b', 'minOccurs="0"')}`),
  ],
  ['no repetition', `<xs:sequence>${element('a', 'minOccurs="0"')}</xs:sequence>`],
])('tells the items of a group apart by %s', (_what, content) => {
  expect(compileSchema(sequence(content)).diagnostics).toEqual([])
})

test.each([
  [
    'only optional elements',
    group('sequence', element('a', 'minOccurs="0"') + element('b', 'minOccurs="0"')),
  ],
  ['a repeated element alone', group('sequence', element('a', 'maxOccurs="2"'))],
  ['a choice with a repeated branch', group('choice', element('a', 'maxOccurs="2"') + element('b'))],
  ['a choice that may be empty', group('choice', element('a', 'minOccurs="0"') + element('b'))],
])('warns of a group with %s, and where it is', (_what, content) => {
  expect(compileSchema(`\n${sequence(content)}`).diagnostics).toEqual([
    {
      severity: 'warning',
      file: 'test.xsd',
      line: 2,
      message: expect.stringContaining('cannot be told apart'),
    },
  ])
})
