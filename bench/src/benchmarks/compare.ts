import { compareObservations } from '@strangler/proxy/comparison/compare-observations.ts'
import { concealValues } from '@strangler/proxy/comparison/redaction.ts'
import type { Bar, Benchmark } from '../report/benchmark.ts'
import { median } from '../report/median.ts'

type Answer = Parameters<typeof compareObservations>[0]
type Pair = { one: Answer; other: Answer }

const rules = { ignore: [], nilIsAbsent: false, arrays: [] }
const conceal = concealValues('a-key-of-the-benchmark', [])
const today = '2027-01-31'
const small = 2_048
const large = 1_048_576

/** Comparing answers by their meaning, in this process alone, beside what merely parsing them costs. */
export const benchmark: Benchmark = async ({ seconds, rounds, say }) => {
  const rate = { equal: [] as number[], same: [] as number[], diverged: [] as number[] }
  const overParse = { small: [] as number[], large: [] as number[] }
  const pairs = {
    equal: pairOf(small, text => text),
    same: pairOf(small, reordered),
    diverged: pairOf(small, text => reordered(text).replace('"street 3"', '"street 4"')),
    large: pairOf(large, reordered),
  }
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`)
    for (const kind of ['equal', 'same', 'diverged'] as const)
      rate[kind].push(await pairsPerSecond(pairs[kind], seconds, kind === 'diverged'))
    const parsed = {
      small: parsesPerSecond(pairs.same, seconds),
      large: parsesPerSecond(pairs.large, seconds),
    }
    overParse.small.push(parsed.small / rate.same.at(-1)!)
    overParse.large.push(parsed.large / (await pairsPerSecond(pairs.large, seconds, false)))
  }
  const perSecond = (name: string, values: readonly number[]): Bar => ({
    name,
    value: median(values),
    op: '>=',
    bar: 20_000,
    unit: ' pairs/s',
  })
  return {
    figures: [],
    bars: [
      perSecond('2 KB, equal byte by byte', rate.equal),
      perSecond('2 KB, equal in meaning only', rate.same),
      {
        name: '1 MB, equal in meaning only, against JSON.parse of both',
        value: median(overParse.large),
        op: '<=',
        bar: 2.5,
        unit: ' ×',
      },
    ],
    notes: [
      `medians of ${rounds} rounds of ${seconds} s on one core`,
      `2 KB where one value differs, which is looked at closer: ${Math.round(median(rate.diverged))} pairs/s`,
      `2 KB against JSON.parse of both: ${median(overParse.small).toFixed(2)} ×`,
    ],
  }
}

/** Two answers of about `bytes`; the second as `change` makes it of the first. */
function pairOf(bytes: number, change: (text: string) => string): Pair {
  const customer = (id: number) => ({
    id,
    name: `Customer ${id} Ünal`,
    email: `customer${id}@example.org`,
    creditLimit: `${id}.50`,
    vip: id % 2 === 0,
    reviewedOn: null,
    address: { street: `street ${id}`, city: 'Köln', zip: '50667' },
  })
  const items: unknown[] = []
  for (let length = 0, id = 1; length < bytes; id++) {
    const item = customer(id)
    items.push(item)
    length += JSON.stringify(item).length + 1
  }
  const text = JSON.stringify({ items })
  return { one: answer(text), other: answer(change(text)) }
}

/** The same with every object's keys the other way round and blanks between them. */
function reordered(text: string): string {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, turned(inner)]),
    )
  }
  return JSON.stringify(turned(JSON.parse(text)), null, 1)
}

function answer(text: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(text), ms: 1 }
}

async function pairsPerSecond({ one, other }: Pair, seconds: number, differs: boolean): Promise<number> {
  const began = performance.now()
  let done = 0
  while (performance.now() - began < seconds * 1_000) {
    const { result } = await compareObservations(one, other, 'GET /customers', rules, conceal, today)
    if ((result === 'diverged') !== differs) throw new Error(`the comparison said ${result}`)
    done++
  }
  return (1_000 * done) / (performance.now() - began)
}

/** What no comparison by meaning can spare: both bodies, from bytes to values. */
function parsesPerSecond({ one, other }: Pair, seconds: number): number {
  const began = performance.now()
  let done = 0
  while (performance.now() - began < seconds * 1_000) {
    JSON.parse(one.body!.toString('utf8'))
    JSON.parse(other.body!.toString('utf8'))
    done++
  }
  return (1_000 * done) / (performance.now() - began)
}
