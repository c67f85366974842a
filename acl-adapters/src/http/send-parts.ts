import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FacadeAnswer } from './facade.ts'

/** How long a caller may leave what was sent to it unread. */
const stalledMs = 30_000

/**
 * Sends an answer while it comes in, no faster than the caller reads. What goes wrong on the way breaks the
 * connection off: an answer that ended cleanly would pass for a whole one.
 */
export async function sendParts(
  response: ServerResponse,
  answer: FacadeAnswer,
  parts: AsyncGenerator<string>,
): Promise<void> {
  try {
    if (response.destroyed) return
    response.writeHead(answer.status, answer.headers as OutgoingHttpHeaders)
    await write(response, answer.body)
    for await (const part of parts) {
      if (response.destroyed) return
      await write(response, part)
    }
    response.end()
  } catch (error) {
    answer.error = error
    response.destroy()
  } finally {
    await parts.return('')
  }
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return
  await new Promise<void>(resolve => {
    const timer = setTimeout(() => response.destroy(), stalledMs)
    const go = () => {
      clearTimeout(timer)
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.once('drain', go).once('close', go)
  })
}
