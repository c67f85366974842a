/**
 * The media type to answer with: of those offered the one that `Accept` weighs highest, the first among equals
 * (RFC 9110 §12.5.1). Undefined where it takes none of them.
 */
export function negotiate<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return offered[0]
  const ranges = accept.slice(0, 2_000).split(',').map(readRange)
  let best: T | undefined
  let weight = 0
  for (const type of offered) {
    const own = weightOf(type, ranges)
    if (own > weight) {
      best = type
      weight = own
    }
  }
  return best
}

type Range = { type: string; subtype: string; weight: number }

function readRange(text: string): Range {
  const [range = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const [type = '', subtype = ''] = range.split('/', 2)
  const quality = parameters.find(parameter => parameter.startsWith('q='))
  const weight = quality === undefined ? 1 : Number(quality.slice(2))
  return { type, subtype, weight: weight >= 0 && weight <= 1 ? weight : 0 }
}

/** The most specific range that names the type decides. */
function weightOf(mediaType: string, ranges: readonly Range[]): number {
  const [type, subtype] = mediaType.split('/', 2)
  const exact = ranges.find(range => range.type === type && range.subtype === subtype)
  const half = ranges.find(range => range.type === type && range.subtype === '*')
  return (exact ?? half ?? ranges.find(range => range.type === '*' && range.subtype === '*'))?.weight ?? 0
}
