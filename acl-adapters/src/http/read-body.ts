import type { IncomingMessage } from 'node:http'
import type { BodyRefusal } from './facade.ts'

/** The body of a request, or why it is not read: too large, compressed, or cut off by its sender. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | BodyRefusal> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return Promise.resolve('encoded')
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve('too-large')
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else {
        request.off('data', take)
        request.pause()
        resolve('too-large')
      }
    }
    request.on('data', take)
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)))
    request.once('error', () => resolve('aborted'))
    request.once('close', () => resolve('aborted'))
  })
}
