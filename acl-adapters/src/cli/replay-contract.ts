import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Contract } from '../contract/contract.ts'
import { createHttpExchange, type HttpExchange } from '../http/http-exchange.ts'
import { type ReplayParts, type ReplayResult, replayLine } from '../replay/replay-requests.ts'
import { badUsage, type Flags, readsIn, splitUrl } from './acl-arguments.ts'

type Counts = Record<ReplayResult['verdict'], number>

/**
 * Asks recorded requests again and compares the replies: a line for each that did not match, then the figures.
 * @returns the exit code: 0 where something matched and nothing diverged or failed, else 3
 */
export async function replayContract(
  contract: Contract,
  flags: Flags,
  write: (text: string) => Promise<void>,
): Promise<number> {
  if (flags.requests === undefined) throw badUsage('replay needs --requests')
  const exchanges: HttpExchange[] = []
  const asking = (flag: string, url: string | undefined) => {
    const { origin, path } = splitUrl(flag, url)
    const exchange = createHttpExchange(origin)
    exchanges.push(exchange)
    return async (headers: Record<string, string>, body: string) => {
      const reply = await exchange.send({ method: 'POST', path, headers, body })
      const contentType = String(reply.headers['content-type'] ?? '')
      return { status: reply.status, contentType, body: reply.body }
    }
  }
  const parts: ReplayParts = {
    contract,
    before: flags.before === undefined ? undefined : asking('--before', flags.before),
    after: asking('--after', flags.after),
    reads: new Set(readsIn(contract, flags)),
    writes: flags.writes,
    ignored: flags.ignore,
  }
  const total: Counts = { matched: 0, ignored: 0, diverged: 0, skipped: 0, failed: 0 }
  const operations = new Map<string, Counts>()
  let line = 0
  try {
    for await (const text of linesOf(flags.requests)) {
      line += 1
      if (text.trim() === '') continue
      const result = await replayLine(text, line, parts)
      count(total, operations, result)
      if (result.verdict !== 'matched') await write(`${JSON.stringify(result)}\n`)
    }
  } finally {
    for (const exchange of exchanges) await exchange.close()
  }
  await write(`${JSON.stringify({ ...total, operations: Object.fromEntries(operations) })}\n`)
  return total.matched + total.ignored > 0 && total.diverged + total.failed === 0 ? 0 : 3
}

function count(total: Counts, operations: Map<string, Counts>, { operation, verdict }: ReplayResult): void {
  total[verdict] += 1
  if (operation === null) return
  const own = operations.get(operation) ?? { matched: 0, ignored: 0, diverged: 0, skipped: 0, failed: 0 }
  own[verdict] += 1
  operations.set(operation, own)
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path)
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw badUsage(`${path} is not there`)
    throw error
  } finally {
    stream.destroy()
  }
}
