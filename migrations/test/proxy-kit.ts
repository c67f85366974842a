import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '@strangler/kit/listen.ts'

export type Seen = { method: string; url: string; authorization: string | undefined; body: unknown }
type Reply = { status?: number; body: unknown } | 'silent'

/** A server of the shape of a proxy's admin API that answers as told and keeps what it saw. */
export async function fakeProxy(answer: (seen: Seen, nth: number) => Reply) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const entry = {
      method: request.method!,
      url: request.url!,
      authorization: request.headers.authorization,
      body: await bodyOf(request),
    }
    seen.push(entry)
    const reply = answer(entry, seen.length)
    if (reply === 'silent') return request.socket.destroy()
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' })
    return response.end(JSON.stringify(reply.body))
  })
  const { url, close } = await listen(server, 0, '127.0.0.1', 100)
  return { url, close, seen }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text === '' ? undefined : JSON.parse(text)
}
