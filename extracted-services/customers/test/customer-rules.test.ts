import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  emailProblem,
  longest,
  nameProblem,
  noteTextProblem,
  phoneProblem,
} from '../src/domain/customer-rules.ts'

const printable = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter(text => text.trim() !== '')

test('accepts any printable name of up to 80 code points', () => {
  fc.assert(
    fc.property(printable, text => {
      expect(nameProblem([...text].slice(0, longest.name).join(''))).toBeUndefined()
    }),
  )
})

test('counts code points, not UTF-16 units', () => {
  expect(nameProblem('🦊'.repeat(80))).toBeUndefined()
  expect(nameProblem('🦊'.repeat(81))).toBe('TOO_LONG')
  expect(phoneProblem('1'.repeat(30))).toBeUndefined()
  expect(phoneProblem('1'.repeat(31))).toBe('TOO_LONG')
  expect(noteTextProblem('x'.repeat(500))).toBeUndefined()
  expect(noteTextProblem('x'.repeat(501))).toBe('TOO_LONG')
})

test('requires a name that is more than white space', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ \t\n\r\u00a0]*$/), text => {
      expect(nameProblem(text)).toBe('REQUIRED')
    }),
  )
})

test('requires a note that is more than white space', () => {
  expect(noteTextProblem('')).toBe('REQUIRED')
  expect(noteTextProblem(' ')).toBe('REQUIRED')
})

test.each(['a@b', 'zoë@exämple.org', `${'a'.repeat(60)}@${'b'.repeat(59)}`])(
  'accepts the email %s',
  email => {
    expect(emailProblem(email)).toBeUndefined()
  },
)

test.each([
  ['', 'INVALID'],
  ['a', 'INVALID'],
  ['@b', 'INVALID'],
  ['a@', 'INVALID'],
  ['a@b@c', 'INVALID'],
  ['a b@c', 'INVALID'],
  [`${'a'.repeat(60)}@${'b'.repeat(60)}`, 'TOO_LONG'],
])('refuses the email %j as %s', (email, reason) => {
  expect(emailProblem(email)).toBe(reason)
})

test.each(['\u0000', '\u0008', '\u001f', '\ufffe', '\ud800', 'x\udc00y'])(
  'refuses %j, which XML and UTF-8 have no way to write',
  text => {
    expect(nameProblem(`a${text}b`)).toBe('INVALID')
    expect(noteTextProblem(text)).toBe('INVALID')
  },
)
