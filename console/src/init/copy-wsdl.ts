import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** A WSDL and what it imports: file name → text, the WSDL first, every location rewritten to its file beside it. */
export type WsdlCopy = { main: string; files: ReadonlyMap<string, string> }

const mostDocuments = 100
const mostBytes = 10 * 1024 * 1024
const fetchWithinMs = 10_000
const location =
  /(<(?:[\w.-]+:)?(?:import|include|redefine)\b[^>]*?\s(?:location|schemaLocation)\s*=\s*)(["'])(.*?)\2/g

/**
 * Copies a WSDL from a file or an http URL. What it imports is followed within the same server only.
 * @throws ToolkitError CONFIG_WSDL with the document that cannot be had
 */
export async function copyWsdl(source: string, cwd: string, name: string): Promise<WsdlCopy> {
  const remote = /^https?:\/\//.test(source)
  const first = remote ? new URL(source).href : resolve(cwd, source)
  const names = new Map([[first, `${name}.wsdl`]])
  const files = new Map<string, string>()
  for (const [address, file] of names) {
    if (names.size > mostDocuments)
      throw unreadable(source, `it imports more than ${mostDocuments} documents`)
    const text = remote ? await fetchText(address) : await readText(address)
    const rewritten = text.replace(location, (_all, before: string, quote: string, target: string) => {
      const found = remote
        ? new URL(decoded(target), address).href
        : resolve(dirname(address), decoded(target))
      if (remote && new URL(found).origin !== new URL(first).origin)
        throw unreadable(found, 'it is on another server: download the WSDL, and name the file')
      if (!names.has(found)) names.set(found, fileNameOf(found, names))
      return `${before}${quote}${names.get(found)}${quote}`
    })
    files.set(file, rewritten)
  }
  return { main: `${name}.wsdl`, files }
}

/** Path of the first http address of a port, `/` where it has none; its origin beside it. */
export function endpointOf(wsdl: string): { origin: string; path: string } | undefined {
  for (const [, , found = ''] of wsdl.matchAll(/<[\w.-]+:address\b[^>]*?\slocation\s*=\s*(["'])(.*?)\1/g))
    if (/^https?:/.test(found) && URL.canParse(decoded(found))) {
      const { origin, pathname } = new URL(decoded(found))
      return { origin, path: pathname }
    }
  return undefined
}

function decoded(text: string): string {
  return text.replaceAll('&amp;', '&')
}

function fileNameOf(address: string, names: ReadonlyMap<string, string>): string {
  const last = basename(address.replace(/[?#].*$/, ''))
  const kind = /wsdl/i.test(address) && !/xsd/i.test(address) ? 'wsdl' : 'xsd'
  const plain = /^[\w.-]+\.(xsd|wsdl)$/i.test(last) ? last : `imported-${names.size}.${kind}`
  return [...names.values()].includes(plain) ? `${names.size}-${plain}` : plain
}

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(fetchWithinMs), redirect: 'error' })
    const text = await response.text()
    if (!response.ok) throw new Error(`status ${response.status}`)
    if (text.length > mostBytes) throw new Error(`over ${mostBytes} bytes`)
    return text
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause
    throw unreadable(url, messageOf(cause ?? error))
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unreadable(path, messageOf(error))
  }
}

function unreadable(subject: string, why: string): ToolkitError {
  return new ToolkitError('CONFIG_WSDL', `${subject}: ${why}`, {
    hint: '--wsdl takes a file, or the URL where the monolith shows it, such as http://monolith:9001/soap?wsdl',
  })
}
