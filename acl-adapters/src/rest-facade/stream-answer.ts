import type { Json } from '../codec/json.ts'
import type { PartialOutcome } from '../soap/soap-client.ts'
import type { SoapFault } from '../soap/soap-fault.ts'
import type { ItemWriter } from './item-writer.ts'

/** Characters of an answer that are held back, so that what goes wrong by then is still answered as a problem. */
const heldBack = 64 * 1024

/** The text of an answer, and what follows it where it is still coming in. */
export type StreamedAnswer =
  | { kind: 'text'; text: string; parts?: AsyncGenerator<string> }
  | { kind: 'fault'; fault: SoapFault }

/**
 * Begins to write a long reply while it comes in.
 * @throws ToolkitError UPSTREAM_*, until the first part is there; after that the parts throw it
 */
export async function streamAnswer(outcome: PartialOutcome, writer: ItemWriter): Promise<StreamedAnswer> {
  const reading = outcome.read(writer.tap)
  let text = ''
  while (text.length < heldBack) {
    const { done, value } = await reading.next()
    if (done && value.kind === 'fault') return value
    if (done && value.kind === 'reply') writer.end(value.json)
    text += writer.taken()
    if (done) return { kind: 'text', text }
  }
  const parts = partsOf(reading, writer)
  // A generator that was never asked would not end the reading when it is let go.
  await parts.next()
  return { kind: 'text', text, parts }
}

async function* partsOf(
  reading: ReturnType<PartialOutcome['read']>,
  writer: ItemWriter,
): AsyncGenerator<string> {
  try {
    yield ''
    for (;;) {
      const { done, value } = await reading.next()
      // A fault cannot follow items: either of them is the one child of the Body.
      if (done && value.kind === 'reply') writer.end(value.json)
      const text = writer.taken()
      if (text !== '') yield text
      if (done) return
    }
  } finally {
    await reading.return({ kind: 'reply', json: null })
  }
}

/** The answer to a reply that was short enough to be read at once. */
export function writeWhole(json: Json, writer: ItemWriter): StreamedAnswer {
  return { kind: 'text', text: writer.whole(json) }
}
