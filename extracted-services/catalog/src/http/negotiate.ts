type MediaRange = { type: string; subtype: string; quality: number }

const rangeForm = /^([\w!#$&^.+*-]+)\/([\w!#$&^.+*-]+)$/
const qualityForm = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/

/**
 * The media type that an Accept header likes best of those offered (RFC 9110 §12.5.1): each is as welcome as the most
 * specific range that it falls under says; among equals the first offered wins. Parameters other than q are passed
 * over, since a client that says `application/json; charset=utf-8` means JSON.
 * @param offered lower case, the preferred one first
 * @returns undefined when none is acceptable
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offered: readonly Offer[],
): Offer | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0]
  const ranges = accept.split(',').flatMap(readRange)
  let best: { offer: Offer; quality: number } | undefined
  for (const offer of offered) {
    const quality = qualityOf(offer, ranges)
    if (quality > (best?.quality ?? 0)) best = { offer, quality }
  }
  return best?.offer
}

function qualityOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = mediaType.split('/')
  const exact = ranges.find(range => range.type === type && range.subtype === subtype)
  const ofType = ranges.find(range => range.type === type && range.subtype === '*')
  const any = ranges.find(range => range.type === '*' && range.subtype === '*')
  return (exact ?? ofType ?? any)?.quality ?? 0
}

/** A range with a q that is no quality says nothing that could be relied on: it is passed over. */
function readRange(text: string): MediaRange[] {
  const [range = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const match = rangeForm.exec(range)
  const quality = parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? '1'
  if (match === null || !qualityForm.test(quality)) return []
  return [{ type: match[1]!, subtype: match[2]!, quality: Number(quality) }]
}
