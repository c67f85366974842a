import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { parseJson } from '../codec/parse-json.ts'
import type { Contract, Operation } from '../contract/contract.ts'
import { readXml } from '../xml/xml-reader.ts'
import { type Divergence, divergencesOf } from './compare-json.ts'
import { readObservation, type SoapReply } from './read-observation.ts'

/** A recorded request, as the proxy's recordings have them, and its reply where that was recorded too. */
const recordedLine = z.looseObject({
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  body: z.string(),
  effect: z.enum(['read', 'write']).optional(),
  reply: z
    .looseObject({
      status: z.int().default(200),
      contentType: z.string().default('text/xml'),
      body: z.string(),
    })
    .optional(),
})

export type ReplayParts = {
  contract: Contract
  /** Where the same request is asked; `before` is needed for lines without a recorded reply only. */
  before: ((headers: Record<string, string>, body: string) => Promise<SoapReply>) | undefined
  after(headers: Record<string, string>, body: string): Promise<SoapReply>
  /** Operations that only read, besides those that a line says so of. */
  reads: ReadonlySet<string>
  /** Whether the others are sent too. */
  writes: boolean
  /** JSON pointers below /message or /fault. */
  ignored: readonly string[]
}

export type ReplayResult = {
  line: number
  operation: string | null
  verdict: 'matched' | 'ignored' | 'diverged' | 'skipped' | 'failed'
  reason?: string
  divergences?: readonly Divergence[]
}

/** Asks one recorded request again and compares the replies by what they say. Never rejects. */
export async function replayLine(text: string, line: number, parts: ReplayParts): Promise<ReplayResult> {
  let operation: Operation | undefined
  const result = (verdict: ReplayResult['verdict'], more: Partial<ReplayResult> = {}): ReplayResult => ({
    line,
    operation: operation?.name ?? null,
    verdict,
    ...more,
  })
  try {
    const parsed = recordedLine.safeParse(parseJson(text))
    if (!parsed.success) return result('failed', { reason: z.prettifyError(parsed.error) })
    const { headers: recorded, body, effect, reply } = parsed.data
    const headers = headersToSend(recorded)
    operation = operationOf(parts.contract, body, headers)
    if (operation === undefined)
      return result('failed', { reason: 'no operation of the WSDL takes this request' })
    if (effect !== 'read' && !parts.reads.has(operation.name) && !parts.writes)
      return result('skipped', {
        reason: 'it is not declared to read: name it by --reads, or send writes too',
      })
    const expected = await expectedReply(parts, reply, headers, body)
    if (expected === undefined)
      return result('skipped', { reason: 'it has no recorded reply and --before is not given' })
    const actual = await parts.after(headers, body)
    const [before, after] = await Promise.all(
      [expected, actual].map(one => readObservation(one, operation!, parts.contract)),
    )
    const { diverged, ignored } = divergencesOf(before, after, parts.ignored)
    if (diverged.length > 0) return result('diverged', { divergences: diverged })
    return result(ignored > 0 ? 'ignored' : 'matched')
  } catch (error) {
    return result('failed', {
      reason: isToolkitError(error) ? `${error.code}: ${error.message}` : messageOf(error),
    })
  }
}

type Recorded = z.infer<typeof recordedLine>

async function expectedReply(
  { before }: ReplayParts,
  reply: Recorded['reply'],
  headers: Record<string, string>,
  body: string,
): Promise<SoapReply | undefined> {
  if (reply === undefined) return before?.(headers, body)
  return { status: reply.status, contentType: reply.contentType, body: Buffer.from(reply.body) }
}

/** Of a recorded request only what says how it is to be read: who sent it, and when, is not repeated. */
function headersToSend(recorded: Recorded['headers']): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'text/xml; charset=utf-8' }
  for (const [name, value] of Object.entries(recorded))
    if (/^(content-type|soapaction|accept)$/i.test(name)) headers[name.toLowerCase()] = String(value)
  return headers
}

/** The operation whose message stands in the Body; the action tells overloads apart. */
function operationOf(
  { operations }: Contract,
  body: string,
  { soapaction = '', 'content-type': type = '' }: Record<string, string>,
): Operation | undefined {
  let depth = 0
  let name: string | undefined
  let inBody = false
  readXml(body, {
    open(tag) {
      depth += 1
      if (depth === 2) inBody = tag.local === 'Body'
      if (depth === 3 && inBody) name ??= tag.qname
    },
    text() {},
    close() {
      depth -= 1
    },
  })
  const actions = [soapaction.replace(/^"|"$/g, ''), /action="?([^";]*)/.exec(type)?.[1] ?? '']
  const found = [...operations.values()].filter(({ input }) => input.element?.name === name)
  return (
    found.find(({ actions: own }) => [...own.values()].some(action => actions.includes(action))) ?? found[0]
  )
}
