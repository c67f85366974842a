import { expect, test } from '@jest/globals'
import { escapeReply, escapeText } from '../src/soap/escape-text.ts'

test('markup is escaped, also where it looks like CDATA', () => {
  expect(escapeText('<![CDATA[a & b]]>')).toBe('&lt;![CDATA[a &amp; b]]&gt;')
})

test('a carriage return survives a parser, a character that XML lacks does not', () => {
  expect(escapeText('a\r\n\tb')).toBe('a&#xD;\n\tb')
  expect(escapeText('a\u0000b\uffffc\ud800d🎉')).toBe('a\ufffdb\ufffdc\ufffdd🎉')
})

test('every string of a reply is escaped and nothing else is touched', () => {
  expect(escapeReply({ a: '<', b: null, c: [{ d: '&' }], e: 1, f: undefined, g: true })).toEqual({
    a: '&lt;',
    b: null,
    c: [{ d: '&amp;' }],
    e: 1,
    f: undefined,
    g: true,
  })
})
