import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

type StaticFile = { body: Buffer; type: string; etag: string }

/** Pages by the address that people see. */
const pages: Readonly<Record<string, string>> = { '/': 'index.html', '/portal': 'portal.html' }

/** The files of one flat folder, read once: what is asked for is looked up by its whole name, never opened. */
export async function serveFolder(folder: string): Promise<RequestHandler> {
  const files = new Map<string, StaticFile>()
  for (const name of await readdir(folder)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const body = await readFile(join(folder, name))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    files.set(name, { body, type, etag })
  }
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    const file = files.get(pages[request.path] ?? request.path.slice(1))
    if (file === undefined) return next()
    response.set({ 'cache-control': 'no-cache', etag: file.etag })
    if (request.headers['if-none-match'] === file.etag) {
      response.status(304).end()
      return
    }
    response.set({ 'content-type': file.type, 'content-length': String(file.body.length) })
    response.end(request.method === 'HEAD' ? undefined : file.body)
  }
}
