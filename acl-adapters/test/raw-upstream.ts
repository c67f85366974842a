import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { type Listening, listen } from '@strangler/kit/listen.ts'

export type RawUpstream = Listening & { received: { contentType: string; body: Buffer }[] }

/** A server that gives one answer, and keeps the bytes it was sent. */
export async function startRawUpstream(answer: {
  contentType: string
  body: Buffer | string
}): Promise<RawUpstream> {
  const received: RawUpstream['received'] = []
  const server = createServer(async (request, response) => {
    received.push({ contentType: request.headers['content-type'] ?? '', body: await buffer(request) })
    response.writeHead(200, { 'content-type': answer.contentType }).end(answer.body)
  })
  return { ...(await listen(server, 0, '127.0.0.1', 50)), received }
}
