import { createHash } from 'node:crypto'

/**
 * Server id under which a stream reads a binlog: the same for each start, so that the server ends a forgotten reader of
 * the same stream; far above the ids that people give to servers.
 */
export function replicaId(stream: string): number {
  return 1_000_000_000 + (createHash('sha256').update(stream).digest().readUInt32BE(0) % 3_000_000_000)
}
