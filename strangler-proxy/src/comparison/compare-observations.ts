import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { ComparisonConfig } from '../config/config-schema.ts'
import type { Observation } from '../forwarding/reply-tap.ts'
import { canonicalJson } from './canonical-json.ts'
import { type Difference, differences, type Reading } from './canonical-value.ts'
import { canonicalXml, lexicalForm } from './canonical-xml.ts'
import { surelyEqualJson } from './equal-json.ts'
import type { Conceal } from './redaction.ts'

export type Comparison = {
  result: 'matched' | 'ignored' | 'diverged'
  /** What differs and is not ignored. */
  divergences: readonly Difference[]
  /** What differs by a rule of the file. */
  ignored: readonly { path: string; reason: string }[]
}

const maxDecoded = 8 * 1024 * 1024
const decoders: Record<string, ReturnType<typeof decoder>> = {
  gzip: decoder(gunzip),
  'x-gzip': decoder(gunzip),
  deflate: decoder(inflate),
  br: decoder(brotliDecompress),
}

/**
 * Compares what both sides answered to one read: status first, then media type, then the body by its meaning.
 * @param conceal how values of bodies are shown in what is kept
 * @param today as 2027-01-31, UTC, by which rules end
 * @throws SyntaxError where a body is not what its Content-Type says on both sides
 */
export async function compareObservations(
  legacy: Observation,
  extracted: Observation,
  route: string,
  config: Pick<ComparisonConfig, 'ignore' | 'nilIsAbsent' | 'arrays'>,
  conceal: Conceal,
  today: string,
): Promise<Comparison> {
  const divergences: Difference[] = []
  const ignored: { path: string; reason: string }[] = []
  const rules = config.ignore.filter(
    ({ route: only, until }) =>
      (only === undefined || only === route) && (until === undefined || today <= until),
  )
  const ruleFor = (where: string) => rules.find(({ path }) => covers(path, where))
  const reading: Reading = {
    conceal,
    arrayAt: itemPath =>
      config.arrays.find(
        ({ route: only, path }) => (only === undefined || only === route) && path === itemPath,
      ),
    ignores: path => ruleFor(tidyPath(path)) !== undefined,
  }
  for (const difference of await allDifferences(legacy, extracted, config.nilIsAbsent, reading)) {
    const rule = ruleFor(difference.path)
    if (rule === undefined) divergences.push(difference)
    else ignored.push({ path: difference.path, reason: rule.reason })
  }
  const result = divergences.length > 0 ? 'diverged' : ignored.length > 0 ? 'ignored' : 'matched'
  return { result, divergences, ignored }
}

async function allDifferences(
  legacy: Observation,
  extracted: Observation,
  nilIsAbsent: boolean,
  reading: Reading,
): Promise<Difference[]> {
  if (legacy.status !== extracted.status)
    return [{ path: 'status', legacy: String(legacy.status), extracted: String(extracted.status) }]
  const left = mediaType(legacy)
  const right = mediaType(extracted)
  if (left !== right) return [{ path: 'content-type', legacy: left, extracted: right }]
  if (legacy.body === undefined || extracted.body === undefined) {
    if (legacy.body === extracted.body) return []
    const size = (side: Observation) => (side.body === undefined ? 'over the cap' : 'within the cap')
    return [{ path: 'body.size', legacy: size(legacy), extracted: size(extracted) }]
  }
  if (legacy.body.equals(extracted.body) && encodingOf(legacy) === encodingOf(extracted)) return []
  const [one, other] = await Promise.all([decoded(legacy), decoded(extracted)])
  if (left === 'application/json' || left.endsWith('+json'))
    return jsonDifferences(one.toString('utf8'), other.toString('utf8'), reading)
  if (left === 'text/xml' || left === 'application/xml' || left.endsWith('+xml'))
    return differences(
      canonicalXml(one.toString('utf8'), nilIsAbsent),
      canonicalXml(other.toString('utf8'), nilIsAbsent),
      { ...reading, form: lexicalForm },
    ).map(difference => ({ ...difference, path: tidyPath(difference.path) }))
  return one.equals(other)
    ? []
    : [{ path: 'body', legacy: `${one.length} bytes`, extracted: `${other.length} bytes` }]
}

function jsonDifferences(legacy: string, extracted: string, reading: Reading): Difference[] {
  if (surelyEqualJson(legacy, extracted)) return []
  return differences(canonicalJson(legacy), canonicalJson(extracted), reading)
}

/** The text of an element is the element, to whoever reads a divergence or writes an ignore rule. */
function tidyPath(path: string): string {
  return path.replace(/\.#text$/, '')
}

function covers(rule: string, path: string): boolean {
  return path === rule || (path.startsWith(rule) && (path[rule.length] === '.' || path[rule.length] === '['))
}

function mediaType({ headers }: Observation): string {
  const type = headers['content-type']
  return (typeof type === 'string' ? type : '').split(';', 1)[0]!.trim().toLowerCase()
}

function encodingOf({ headers }: Observation): string {
  const encoding = headers['content-encoding']
  return typeof encoding === 'string' ? encoding.trim().toLowerCase() : 'identity'
}

async function decoded(observation: Observation): Promise<Buffer> {
  const encoding = encodingOf(observation)
  const body = observation.body ?? Buffer.alloc(0)
  if (encoding === 'identity' || encoding === '' || body.length === 0) return body
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  if (decode === undefined) throw new SyntaxError(`content-encoding ${encoding} cannot be decoded`)
  return decode(body)
}

function decoder(
  decompress: (
    body: Buffer,
    options: { maxOutputLength: number },
    done: (error: Error | null, result: Buffer<ArrayBuffer>) => void,
  ) => void,
): (body: Buffer) => Promise<Buffer> {
  const run = promisify(decompress)
  return body => run(body, { maxOutputLength: maxDecoded })
}
