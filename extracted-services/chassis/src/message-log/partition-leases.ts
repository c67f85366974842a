import type { Session } from '../database/with-transaction.ts'

/** Who asks: a member of a group, and for which topics. */
export type Member = { group: string; member: string; topics: readonly string[]; leaseMs: number }

/** A partition that a member holds. When the table has a higher epoch, somebody else has taken it. */
export type Lease = { topic: string; partition: number; epoch: number; position: number }

type PositionRow = { topic: string; partition_no: number; next_offset: number }

/**
 * Says that the member lives, keeps what it holds, and takes up free partitions to its fair share, in which the living
 * members come in the order of their names. What a member holds beyond its share it gives back with `releaseLease`,
 * once it has ended what is in hand. Leases are measured by the database's clock, which all members share.
 * @param holding how many partitions the member works on
 * @returns all leases that it has now, and its share
 */
export async function renewLeases(
  session: Session,
  self: Member,
  holding: number,
): Promise<{ leases: Lease[]; share: number }> {
  const { group, member, topics, leaseMs } = self
  const micros = leaseMs * 1_000
  const among = amongTopics(topics)
  await session.run(
    `INSERT INTO log_members (group_name, member, lease_until)
     VALUES (?, ?, UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND)
     ON DUPLICATE KEY UPDATE lease_until = VALUES(lease_until)`,
    [group, member, micros],
  )
  await session.run('DELETE FROM log_members WHERE group_name = ? AND lease_until < UTC_TIMESTAMP(3)', [
    group,
  ])
  await session.run(
    `INSERT IGNORE INTO log_positions (group_name, topic, partition_no, next_offset, member, lease_until, epoch)
     SELECT ?, topic, partition_no, 0, NULL, NULL, 0 FROM log_partitions WHERE ${among}`,
    [group, ...topics],
  )
  await session.run(
    `UPDATE log_positions SET lease_until = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND
     WHERE group_name = ? AND member = ?`,
    [micros, group, member],
  )
  const share = await shareOf(session, self)
  if (share > holding)
    await session.run(
      `UPDATE log_positions
       SET member = ?, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, epoch = epoch + 1
       WHERE group_name = ? AND ${among} AND (member IS NULL OR lease_until < UTC_TIMESTAMP(3))
       ORDER BY topic, partition_no LIMIT ?`,
      [member, micros, group, ...topics, share - holding],
    )
  const rows = await session.rows<PositionRow & { epoch: number }>(
    `SELECT topic, partition_no, next_offset, epoch FROM log_positions
     WHERE group_name = ? AND member = ? AND ${among} ORDER BY topic, partition_no`,
    [group, member, ...topics],
  )
  const leases = rows.map(row => ({
    topic: row.topic,
    partition: row.partition_no,
    epoch: row.epoch,
    position: row.next_offset,
  }))
  return { leases, share }
}

async function shareOf(session: Session, { group, member, topics }: Member): Promise<number> {
  const members = await session.rows<{ member: string }>(
    'SELECT member FROM log_members WHERE group_name = ? ORDER BY member',
    [group],
  )
  const [count] = await session.rows<{ n: number }>(
    `SELECT COUNT(*) AS n FROM log_positions WHERE group_name = ? AND ${amongTopics(topics)}`,
    [group, ...topics],
  )
  const partitions = count?.n ?? 0
  const rank = members.findIndex(row => row.member === member)
  return Math.floor(partitions / members.length) + (rank < partitions % members.length ? 1 : 0)
}

/** How far the log reaches in each partition of the topics: `topic/partition` → next offset. */
export async function readHeads(session: Session, topics: readonly string[]): Promise<Map<string, number>> {
  const rows = await session.rows<PositionRow>(
    `SELECT topic, partition_no, next_offset FROM log_partitions WHERE ${amongTopics(topics)}`,
    [...topics],
  )
  return new Map(rows.map(row => [`${row.topic}/${row.partition_no}`, row.next_offset]))
}

/**
 * Remembers that everything before `position` has been handled.
 * @returns false when the lease has gone to somebody else: that one decides now
 */
export async function savePosition(
  session: Session,
  { group, member }: Member,
  { topic, partition, epoch }: Lease,
  position: number,
): Promise<boolean> {
  const { affectedRows } = await session.run(
    `UPDATE log_positions SET next_offset = ?
     WHERE group_name = ? AND topic = ? AND partition_no = ? AND member = ? AND epoch = ?`,
    [position, group, topic, partition, member, epoch],
  )
  return affectedRows === 1
}

export async function releaseLease(session: Session, { group, member }: Member, lease: Lease): Promise<void> {
  await session.run(
    `UPDATE log_positions SET member = NULL, lease_until = NULL
     WHERE group_name = ? AND topic = ? AND partition_no = ? AND member = ? AND epoch = ?`,
    [group, lease.topic, lease.partition, member, lease.epoch],
  )
}

/** Gives everything back, so that nobody has to wait for leases to run out. */
export async function leaveGroup(session: Session, { group, member }: Member): Promise<void> {
  await session.run(
    'UPDATE log_positions SET member = NULL, lease_until = NULL WHERE group_name = ? AND member = ?',
    [group, member],
  )
  await session.run('DELETE FROM log_members WHERE group_name = ? AND member = ?', [group, member])
}

/** How many messages a group has not handled yet, by `topic/partition`. */
export async function measureLag(session: Session, group: string): Promise<Map<string, number>> {
  const rows = await session.rows<{ topic: string; partition_no: number; lag: number }>(
    `SELECT p.topic, p.partition_no, h.next_offset - p.next_offset AS lag FROM log_positions p
     JOIN log_partitions h ON h.topic = p.topic AND h.partition_no = p.partition_no WHERE p.group_name = ?`,
    [group],
  )
  return new Map(rows.map(row => [`${row.topic}/${row.partition_no}`, row.lag]))
}

/** How many messages of the topics a group has not handled yet; a group that is new has handled none. */
export async function measureBehind(
  session: Session,
  group: string,
  topics: readonly string[],
): Promise<number> {
  const [row] = await session.rows<{ behind: string | null }>(
    `SELECT SUM(h.next_offset - COALESCE(p.next_offset, 0)) AS behind FROM log_partitions h
     LEFT JOIN log_positions p ON p.topic = h.topic AND p.partition_no = h.partition_no AND p.group_name = ?
     WHERE h.${amongTopics(topics)}`,
    [group, ...topics],
  )
  return Number(row?.behind ?? 0)
}

function amongTopics(topics: readonly string[]): string {
  return `topic IN (${topics.map(() => '?').join(', ')})`
}
