import { stampOf } from './legacy-values.ts'

/** A repeatable source of numbers in [0, 1). */
export type Random = () => number

type CustomerRow = [
  custNo: number,
  name: string,
  email: string | null,
  phone: string | null,
  creditCents: number,
  status: string,
  vip: string,
  openDate: string,
  openTime: string,
  reviewDate: string | null,
  changeDate: string,
  changeTime: string,
]

/** mulberry32: 32 bits of state, the same numbers on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!
}

const firstNames =
  'Anna Bernd Chloé Dörte Emre Fatima Günter Hanna Ivo Jörg Käthe Luca Maïa Nils Olga Péter'.split(' ')
const lastNames =
  "Müller Smith O'Brien Łukasz Šimek Nguyễn Çelik Gruber Weiß Petrov Ångström García 김민준 山田 Ødegård Roth".split(
    ' ',
  )
const suffixes = ['', '', '', ' GmbH', ' & Söhne', ' <Import>', ' "Quick"']

/** Rows that break careless code; every 50th customer is one of them. */
const oddCustomers: readonly Partial<{
  name: string
  email: string | null
  phone: string | null
  credit: number
}>[] = [
  { name: 'Jürgen Größenwahn' },
  { name: '김철수 (서울)' },
  { name: 'Party 🎉🧑‍🚀 Supplies' },
  { name: `Tom & "Jerry" <tom's>` },
  { phone: '0049 0123 000' },
  { email: null, phone: null },
  { credit: 0 },
  { credit: -12_345 },
  { name: '𝒲'.repeat(80) },
  { email: `${'x'.repeat(108)}@example.org`, phone: '0'.repeat(30) },
  { credit: 999_999_999_999 },
  { name: '  spaces around  ' },
  { name: ']]> <![CDATA[not a tag]]>' },
  { credit: 1, phone: '' },
  { name: 'back\\slash % _ per cent' },
  { name: 'e\u0301 is not \u00e9' },
]

const day = 86_400_000
const openedFrom = Date.UTC(2009, 0, 5)
const openedDays = 5_000

export function customerRow(custNo: number, random: Random): CustomerRow {
  const odd = custNo % 50 === 1 ? oddCustomers[Math.floor(custNo / 50) % oddCustomers.length]! : {}
  const name = `${pick(random, firstNames)} ${pick(random, lastNames)}${pick(random, suffixes)}`
  const opened = openedFrom + below(random, openedDays * day)
  const changed = opened + below(random, 300 * day)
  const reviewed = random() < 0.6 ? stampOf(new Date(opened + below(random, 300 * day))).date : null
  const email = random() < 0.9 ? `customer${custNo}@example.org` : null
  const phone = random() < 0.8 ? `0${below(random, 1e9)}` : null
  const credit = below(random, 2_000_000)
  const fate = random()
  const open = stampOf(new Date(opened))
  const change = stampOf(new Date(changed))
  return [
    custNo,
    odd.name ?? name,
    odd.email === undefined ? email : odd.email,
    odd.phone === undefined ? phone : odd.phone,
    odd.credit ?? credit,
    fate < 0.9 ? 'A' : fate < 0.96 ? 'S' : 'C',
    random() < 0.05 ? 'Y' : 'N',
    open.date,
    open.time,
    reviewed,
    change.date,
    change.time,
  ]
}

/** How many notes a customer has: mostly none, often exactly one, now and then many. */
export function noteCount(random: Random): number {
  const chance = random()
  if (chance < 0.7) return 0
  if (chance < 0.9) return 1
  return chance < 0.99 ? 2 + below(random, 4) : 30 + below(random, 20)
}

const noteTexts = [
  'Called about the invoice.',
  'Prefers delivery on Tuesdays & Thursdays.',
  'Größe XL, "express"',
  '배송 확인',
  'Thumbs up 👍🏽',
  'two\nlines',
  '<b>not markup</b>',
  'x'.repeat(500),
]

export function noteText(random: Random): string {
  return pick(random, noteTexts)
}
