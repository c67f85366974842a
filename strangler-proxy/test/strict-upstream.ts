import { createServer, type Socket } from 'node:net'

export type Seen = { head: string; rest: string }

/** Reads every connection of the proxy strictly: what is no request, or more than one knows of, shows. */
export async function startStrictUpstream() {
  const seen: Seen[] = []
  const faults: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let bytes = ''
    socket.on('error', () => {})
    socket.on('data', chunk => {
      bytes += chunk.toString('latin1')
      for (;;) {
        const read = readStrictly(bytes, faults)
        if (read === undefined) return
        seen.push(read.request)
        if (/\n(transfer_encoding|content_length):/i.test(read.request.head))
          faults.push('a framing that CGI would read')
        bytes = bytes.slice(read.length)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    faults,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function readStrictly(bytes: string, faults: string[]): { request: Seen; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = bytes.slice(0, end)
  const [line = '', ...fields] = head.split('\r\n')
  if (!/^[A-Z]+ \/[!-~]* HTTP\/1\.1$/.test(line)) faults.push(`request line ${JSON.stringify(line)}`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header must not hold
  const odd = fields.find(field => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00\r\n]*$/.test(field))
  if (odd !== undefined) faults.push(`header ${JSON.stringify(odd)}`)
  const values = (name: string) =>
    fields
      .filter(field => field.toLowerCase().startsWith(`${name}:`))
      .map(field => field.slice(name.length + 1).trim())
  const [coding, ...codings] = values('transfer-encoding')
  const [length, ...others] = values('content-length')
  if (codings.length + others.length > 0 || (coding !== undefined && length !== undefined))
    faults.push('two framings')
  if (values('host').length !== 1) faults.push('not one Host')
  const start = end + 4
  if (coding === undefined) {
    const size = /^\d{1,9}$/.test(length ?? '0') ? Number(length ?? 0) : Number.NaN
    if (Number.isNaN(size)) {
      faults.push(`length ${length}`)
      return undefined
    }
    return bytes.length < start + size
      ? undefined
      : { request: { head, rest: bytes.slice(start, start + size) }, length: start + size }
  }
  if (coding !== 'chunked') faults.push(`coding ${coding}`)
  let at = start
  let rest = ''
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = bytes.slice(at, lineEnd)
    if (!/^[0-9a-fA-F]{1,8}(;[^\0]*)?$/.test(size)) {
      faults.push(`chunk size ${JSON.stringify(size)}`)
      return undefined
    }
    const next = lineEnd + 2 + Number.parseInt(size, 16)
    if (bytes.length < next + 2) return undefined
    rest += bytes.slice(lineEnd + 2, next)
    at = next + 2
    if (/^0+(;|$)/.test(size)) return { request: { head, rest }, length: at }
  }
}

/** What a strict reader of RFC 9112 finds in the client's bytes, up to the first thing that it would refuse. */
export function strictPaths(bytes: string): string[] {
  const paths: string[] = []
  // RFC 9112 §3 lets a server take several spaces for one; what goes on has one.
  for (let rest = bytes.replace(/^([A-Z]+) +(\/\S*) +(HTTP)/gm, '$1 $2 $3'); ; ) {
    const faults: string[] = []
    // §2.2: empty lines in front of a request are skipped.
    rest = rest.replace(/^[\r\n]+/, '')
    const read = readStrictly(rest, faults)
    if (read === undefined || faults.length > 0) return paths
    paths.push(pathOf(read.request))
    rest = rest.slice(read.length)
  }
}

export const pathOf = ({ head }: Seen) => head.split(' ', 2)[1]!
