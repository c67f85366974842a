import { setTimeout as delay } from 'node:timers/promises'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Row } from '../data/table-mapping.ts'
import type { Change, ChangeOrigin, Operation, Transaction } from './change.ts'
import { type JsonRow, parseExactJson } from './debezium-decoder.ts'
import { advance, coversGtid, formatPosition, parseGtid, parsePosition } from './gtid-position.ts'
import type { TopicReader, TopicRecord } from './topic-reader.ts'
import { isLastSending, joinSendings, type RowPlace, type SentRow } from './torn-transaction.ts'

export type CapturedTopic = {
  /** `schema.table`, as Debezium's transaction topic names it. */
  collection: string
  decode(row: JsonRow): Row
  /** Whether its numbers need more than 53 bits. */
  exact: boolean
  reader: TopicReader
}

export type MergeOptions = {
  from: string
  /** Transactions of this replication domain are an applier's own: their changes are dropped. */
  ignoredDomain: number
  transactions: TopicReader
  /** By collection. */
  captured: ReadonlyMap<string, CapturedTopic>
  /** Offset behind the newest record of each partition, by topic. */
  ends(topics: string[]): Promise<Map<string, bigint[]>>
  signal: AbortSignal
}

type Marker = {
  status: 'BEGIN' | 'END'
  id: string
  data_collections: { data_collection: string; event_count: number }[] | null
  ts_ms: number
}

type Envelope = {
  op: Operation | 't'
  before: JsonRow | null
  after: JsonRow | null
  source: ChangeOrigin & RowPlace
  transaction: { id: string; total_order: number; data_collection_order: number } | null
}

type Head = { record: TopicRecord; envelope: Envelope }

/** Changes after which a transaction is handed on in parts. */
const partSize = 5_000
/** A broker may show rows a little later than the mark that counts them; one that shows none for so long has no more. */
const restOfTornMs = 10_000

/**
 * Puts transactions together again from Debezium's topics, in commit order: each END says how many rows of each table
 * belong to its transaction; exactly these are drawn from the tables' topics, by their order in the transaction. So rows
 * wait in Kafka, not here.
 *
 * Debezium sends again what it is not sure to have sent. What the position covers is passed over, as are rows whose turn
 * has been. A BEGIN that is followed by an older one begins again later; one followed by a newer one was a statement
 * without rows. One that is begun twice in a row was cut in two by a restart in its middle: its rows are put together from
 * both sendings, or refused where these do not complete it.
 * @throws ToolkitError SOURCE_TRUNCATED, SOURCE_XA, SOURCE_TRANSACTION_TORN, SOURCE_POSITION_PURGED, SOURCE_SCHEMA_CHANGED
 */
export async function* mergeTransactions(options: MergeOptions): AsyncGenerator<Transaction> {
  const { transactions, captured, signal } = options
  const envelopes = new WeakMap<TopicRecord, Envelope>()
  let position = parsePosition(options.from)
  let open: Marker | undefined
  const withoutEnd = new Set<string>()
  /** Begun again in its middle. */
  let torn: string | undefined

  const cursor = () =>
    JSON.stringify(
      Object.fromEntries(
        [transactions, ...[...captured.values()].map(({ reader }) => reader)].map(reader => [
          reader.topic,
          reader.next().map(String),
        ]),
      ),
    )

  /** The next row of each partition, older ones passed over. */
  const headsOf = (topic: CapturedTopic): Head[] => {
    const heads: Head[] = []
    for (let found = true; found; ) {
      found = false
      heads.length = 0
      for (const record of topic.reader.heads()) {
        const envelope = envelopes.get(record) ?? envelopeOf(record, topic)
        if (envelope !== undefined) envelopes.set(record, envelope)
        if (envelope === undefined || isOver(envelope)) {
          topic.reader.take(record)
          found = true
        } else heads.push({ record, envelope })
      }
    }
    return heads
  }
  /** @throws for what no END will ever count */
  const isOver = ({ op, source, transaction }: Envelope): boolean => {
    if (op === 'r') return true
    const id = transaction?.id ?? source.gtid
    if (withoutEnd.has(id)) {
      const what = `${source.db}.${source.table}`
      throw op === 't'
        ? refusal('SOURCE_TRUNCATED', `table ${what} was truncated: its rows are gone without row events`, id)
        : refusal('SOURCE_XA', `an XA transaction touched ${what}, or one that was rolled back`, id)
    }
    return coversGtid(position, parseGtid(id))
  }

  /** Sees the next row of every partition, as far as there is one: a statement without END may have left rows there. */
  const lookAhead = async (): Promise<void> => {
    const topics = [...captured.values()]
    const ends = await options.ends(topics.map(({ reader }) => reader.topic))
    for (const topic of topics) {
      const isUnseen = (end: bigint, partition: number) =>
        topic.reader.next()[partition]! < end &&
        !topic.reader.heads().some(head => head.partition === partition)
      for (headsOf(topic); ends.get(topic.reader.topic)!.some(isUnseen); headsOf(topic))
        await topic.reader.arrival()
    }
  }

  /** The row of a table that comes next in a transaction. */
  const due = async (topic: CapturedTopic, id: string, order: number): Promise<Head> => {
    for (;;) {
      const own = headsOf(topic).filter(({ envelope }) => envelope.transaction?.id === id)
      const found = own.find(({ envelope }) => orderOf(envelope) === order)
      if (found !== undefined) return found
      const again = own.find(({ envelope }) => orderOf(envelope) < order)
      if (again === undefined) await topic.reader.arrival()
      else topic.reader.take(again.record)
    }
  }

  /** The rows of one transaction, in its order. */
  async function* rowsOf(id: string, counts: Map<CapturedTopic, number>): AsyncGenerator<Change> {
    const heads = new Map<CapturedTopic, Head>()
    for (const [topic] of counts) heads.set(topic, await due(topic, id, 1))
    let order = 0
    let moving: Envelope | undefined
    while (heads.size > 0) {
      const [topic, { record, envelope }] = [...heads].reduce((a, b) =>
        a[1].envelope.transaction!.total_order < b[1].envelope.transaction!.total_order ? a : b,
      )
      topic.reader.take(record)
      const done = orderOf(envelope)
      if (done === counts.get(topic)) heads.delete(topic)
      else heads.set(topic, await due(topic, id, done + 1))
      // a new primary key comes as a delete and an insert, one behind the other
      if (record.headers.has('__debezium.newkey')) moving = envelope
      else {
        yield changeOf(topic, envelope, moving, ++order)
        moving = undefined
      }
    }
  }

  /**
   * All that was sent of a transaction that was begun again; `counts` are those of its last sending. Undefined now and then:
   * nothing to hand on yet, and not silent.
   */
  async function* tornRows(
    id: string,
    counts: Map<CapturedTopic, number>,
  ): AsyncGenerator<Change | undefined> {
    const topics = [...captured.values()]
    const ends = await options.ends(topics.map(({ reader }) => reader.topic))
    const sent: SentRow<{ topic: CapturedTopic; head: Head }>[] = []
    for (const topic of topics) {
      const end = ends.get(topic.reader.topic)!
      const own: typeof sent = []
      for (;;) {
        for (let found = true; found; ) {
          const heads = headsOf(topic).filter(({ envelope }) => envelope.transaction?.id === id)
          found = heads.length > 0
          for (const head of heads) {
            topic.reader.take(head.record)
            const { envelope, record } = head
            own.push({ record, order: orderOf(envelope), place: envelope.source, value: { topic, head } })
            if (own.length % partSize === 0) yield undefined
          }
        }
        const isSeen = topic.reader
          .next()
          .every(
            (next, at) => next >= end[at]! || topic.reader.heads().some(({ partition }) => partition === at),
          )
        if (isSeen && isLastSending(own, counts.get(topic) ?? 0)) break
        const over = isSeen ? delay(restOfTornMs, 'over' as const, { ref: false }) : undefined
        const first = await Promise.race([topic.reader.arrival(), ...(over === undefined ? [] : [over])])
        if (first === 'over')
          throw refusal(
            'SOURCE_TRANSACTION_TORN',
            `Debezium was restarted in the middle of ${id}, and what it sent since does not complete it`,
            id,
          )
      }
      sent.push(...own)
    }
    let order = 0
    let moving: Envelope | undefined
    for (const { topic, head } of joinSendings(id, sent)) {
      if (head.record.headers.has('__debezium.newkey')) moving = head.envelope
      else {
        yield changeOf(topic, head.envelope, moving, ++order)
        moving = undefined
      }
    }
  }

  while (!signal.aborted) {
    const [record] = transactions.heads()
    if (record === undefined) {
      await transactions.arrival()
      continue
    }
    transactions.take(record)
    if (record.value === null) continue
    const marker = JSON.parse(record.value.toString()) as Marker
    const gtid = parseGtid(marker.id)
    if (coversGtid(position, gtid)) {
      if (marker.status === 'BEGIN') open = undefined
      continue
    }
    if (marker.status === 'BEGIN') {
      if (open?.id === marker.id) torn = marker.id
      else if (open !== undefined) {
        withoutEnd.add(open.id)
        await lookAhead()
        position = advance(position, parseGtid(open.id))
        yield {
          gtid: open.id,
          ts_ms: open.ts_ms,
          changes: [],
          complete: true,
          position: formatPosition(position),
          cursor: cursor(),
        }
      }
      const before = position.get(gtid.domain)
      if (before !== undefined && gtid.sequence > before.sequence + 1n)
        throw new ToolkitError(
          'SOURCE_POSITION_PURGED',
          `the topics go on with ${marker.id}, yet everything after ${before.sequence} of that domain was asked for`,
          {
            details: { position: formatPosition(position), next: marker.id },
            hint: 'the connector was begun later, leaves an origin out, or the topics were purged: copy the tables anew',
          },
        )
      open = marker
      continue
    }
    open = undefined
    const counts = new Map<CapturedTopic, number>()
    for (const { data_collection, event_count } of marker.data_collections ?? []) {
      const topic = captured.get(data_collection)
      if (topic !== undefined) counts.set(topic, event_count)
    }
    let changes: Change[] = []
    const part = (complete: boolean): Transaction => ({
      gtid: marker.id,
      ts_ms: marker.ts_ms,
      changes,
      complete,
      position: formatPosition(position),
      ...(complete ? { cursor: cursor() } : {}),
    })
    const rows = torn === marker.id ? tornRows(marker.id, counts) : rowsOf(marker.id, counts)
    torn = undefined
    for await (const change of rows) {
      if (signal.aborted) return
      if (change === undefined) yield part(false)
      if (change === undefined || gtid.domain === options.ignoredDomain) continue
      changes.push(change)
      if (changes.length >= partSize) {
        yield part(false)
        changes = []
      }
    }
    position = advance(position, gtid)
    yield part(true)
  }
}

function orderOf({ transaction }: Envelope): number {
  return transaction!.data_collection_order
}

/** @param moving the delete of the row under its old primary key */
function changeOf(
  { decode }: CapturedTopic,
  envelope: Envelope,
  moving: Envelope | undefined,
  order: number,
): Change {
  const { db, table, gtid, server_id, ts_ms } = envelope.source
  const before = (moving ?? envelope).before
  return {
    op: moving === undefined ? (envelope.op as Operation) : 'u',
    before: before === null ? null : decode(before),
    after: envelope.after === null ? null : decode(envelope.after),
    source: { db, table, gtid, server_id, ts_ms },
    order,
  }
}

/** Undefined for a tombstone. */
function envelopeOf({ value, topic }: TopicRecord, { exact }: CapturedTopic): Envelope | undefined {
  if (value === null) return undefined
  try {
    const text = value.toString()
    const parsed = (exact ? parseExactJson(text) : JSON.parse(text)) as Envelope & { payload?: Envelope }
    return parsed.payload ?? parsed
  } catch (error) {
    throw new ToolkitError('SOURCE_MESSAGE_INVALID', `a message of ${topic} is not JSON`, { cause: error })
  }
}

function refusal(code: string, message: string, gtid: string): ToolkitError {
  return new ToolkitError(code, message, {
    details: { gtid },
    hint: 'copy the tables anew, and start the sync again',
  })
}
