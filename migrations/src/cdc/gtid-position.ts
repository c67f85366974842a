import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** One transaction of a MariaDB server. */
export type Gtid = { domain: number; server: number; sequence: bigint }

/**
 * The last transaction of each replication domain. Within a domain the sequence only grows (`gtid_strict_mode`), so
 * a position stands for everything up to it; domains are independent of each other.
 */
export type GtidPosition = ReadonlyMap<number, Gtid>

const form = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/

/** @throws ToolkitError POSITION_INVALID */
export function parseGtid(text: string): Gtid {
  const match = form.exec(text)
  if (match === null)
    throw new ToolkitError('POSITION_INVALID', `"${text}" is not a MariaDB GTID (domain-server-sequence)`)
  return { domain: Number(match[1]), server: Number(match[2]), sequence: BigInt(match[3]!) }
}

/**
 * `0-1-42,7-3-9` → a position; the empty text is the position before everything.
 * @throws ToolkitError POSITION_INVALID also for a domain named twice
 */
export function parsePosition(text: string): GtidPosition {
  const position = new Map<number, Gtid>()
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const gtid = parseGtid(part.trim())
    if (position.has(gtid.domain))
      throw new ToolkitError('POSITION_INVALID', `position "${text}" names domain ${gtid.domain} twice`)
    position.set(gtid.domain, gtid)
  }
  return position
}

/** Domains in ascending order, as the server prints them. */
export function formatPosition(position: GtidPosition): string {
  return [...position.values()]
    .sort((a, b) => a.domain - b.domain)
    .map(formatGtid)
    .join(',')
}

export function formatGtid(gtid: Gtid): string {
  return `${gtid.domain}-${gtid.server}-${gtid.sequence}`
}

/** Whether everything up to `other` is also up to `position`. */
export function covers(position: GtidPosition, other: GtidPosition): boolean {
  for (const gtid of other.values()) if (!coversGtid(position, gtid)) return false
  return true
}

export function coversGtid(position: GtidPosition, gtid: Gtid): boolean {
  const own = position.get(gtid.domain)
  return own !== undefined && own.sequence >= gtid.sequence
}

/** The position one transaction later. An older transaction changes nothing. */
export function advance(position: GtidPosition, gtid: Gtid): GtidPosition {
  return coversGtid(position, gtid) ? position : new Map(position).set(gtid.domain, gtid)
}

/** The later of both, domain by domain: what is reached once both are reached. */
export function mergeLater(a: GtidPosition, b: GtidPosition): GtidPosition {
  let merged = a
  for (const gtid of b.values()) merged = advance(merged, gtid)
  return merged
}

/**
 * The earlier of both, domain by domain: the place to begin when both must be read on from.
 * A domain that only one of them knows is left out, thus read from its beginning.
 */
export function mergeEarlier(a: GtidPosition, b: GtidPosition): GtidPosition {
  const merged = new Map<number, Gtid>()
  for (const [domain, gtid] of a) {
    const other = b.get(domain)
    if (other !== undefined) merged.set(domain, other.sequence < gtid.sequence ? other : gtid)
  }
  return merged
}

/** How many transactions `position` is behind `head`, without the domains in `ignored`. */
export function transactionsBehind(
  position: GtidPosition,
  head: GtidPosition,
  ignored: ReadonlySet<number>,
): number {
  let behind = 0n
  for (const [domain, gtid] of head) {
    if (ignored.has(domain)) continue
    const missing = gtid.sequence - (position.get(domain)?.sequence ?? 0n)
    if (missing > 0n) behind += missing
  }
  return Number(behind)
}
