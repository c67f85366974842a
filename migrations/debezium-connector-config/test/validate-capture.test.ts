import { expect, test } from '@jest/globals'
import { findingsOf } from './good-config.ts'

test.each([
  ['database.include.list', 'database.exclude.list', 'shop'],
  ['table.include.list', 'table.exclude.list', 'shop\\.orders'],
  ['column.include.list', 'column.exclude.list', 'shop\\.orders\\.id'],
  ['gtid.source.includes', 'gtid.source.excludes', '42-.*'],
])('allows one of %s and %s', (first, second, value) => {
  expect(findingsOf({ [first]: value })).toEqual([])
  expect(findingsOf({ [first]: value, [second]: value })).toContain(`error ${second}`)
})

test.each([
  ['42', '42-.*'],
  ['^42$', '42-.*'],
  ['42-0', '42-.*'],
  ['42-0-.*', '42-.*'],
  ['42-4242-17', '42-4242'],
])('refuses the origin %s on MariaDB, which would let a loop through', (pattern, suggestion) => {
  expect(findingsOf({ 'gtid.source.excludes': pattern })).toEqual([
    `error gtid.source.excludes → ${suggestion}`,
  ])
})

test.each(['42-.*', '42-4242', '4[23]-.*', '42-.*,43-1'])('accepts the origin %s on MariaDB', pattern => {
  expect(findingsOf({ 'gtid.source.excludes': pattern })).toEqual([])
})

test('wants UUIDs as origins on MySQL', () => {
  const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
  expect(findingsOf({ 'gtid.source.excludes': uuid }, '3.5', { connector: 'mysql' })).toEqual([])
  expect(findingsOf({ 'gtid.source.excludes': '42-.*' }, '3.5', { connector: 'mysql' })).toEqual([
    'error gtid.source.excludes',
  ])
  expect(findingsOf({ 'gtid.source.excludes': uuid })).toEqual(['error gtid.source.excludes'])
})

test.each([
  ['table.include.list', 'orders', 'error table.include.list'],
  ['table.include.list', '`shop`.`orders`', 'error table.include.list → shop.orders'],
  ['table.include.list', 'shop.*', 'warning table.include.list → shop\\..*'],
  ['column.include.list', 'shop.orders', 'error column.include.list'],
  ['database.include.list', 'shop.orders', 'error database.include.list → shop'],
  ['table.include.list', 'shop.orders,other.t', 'error table.include.list'],
  ['snapshot.include.collection.list', 'shop.customers', 'error snapshot.include.collection.list'],
  ['message.key.columns', 'shop.orders', 'error message.key.columns'],
  ['skip.messages.without.change', 'true', 'warning skip.messages.without.change'],
])('finds what is wrong with %s=%s', (name, value, finding) => {
  expect(findingsOf({ [name]: value })).toContain(finding)
})

test.each([
  ['table.include.list', 'shop\\..*'],
  ['table.include.list', 'shop[.](a|b)'],
  ['message.key.columns', 'shop.orders:id,line;(.*).lines:id'],
  ['snapshot.include.collection.list', 'shop\\.orders'],
])('accepts %s=%s', (name, value) => {
  expect(findingsOf({ [name]: value })).toEqual([])
})
