import { type Admin, ListOffsetTimestamps } from '@platformatic/kafka'

/** How many messages of the topics a group has not committed yet; a group that is new has committed none. */
export async function measureBehind(admin: Admin, group: string, topics: readonly string[]): Promise<number> {
  const { topics: known } = await admin.metadata({ topics: [...topics] })
  const wanted = topics.map(name => ({
    name,
    partitionIndexes: Array.from({ length: known.get(name)?.partitionsCount ?? 0 }, (_, index) => index),
  }))
  const [committed, ends] = await Promise.all([
    admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: wanted }] }),
    admin.listOffsets({
      topics: wanted.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(partitionIndex => ({
          partitionIndex,
          timestamp: ListOffsetTimestamps.LATEST,
        })),
      })),
    }),
  ])
  const done = new Map(
    committed.flatMap(({ topics: of }) =>
      of.flatMap(({ name, partitions }) =>
        partitions.map(
          ({ partitionIndex, committedOffset }) =>
            [
              `${name}/${partitionIndex}`,
              // -1: nothing has been committed yet.
              committedOffset < 0n ? 0n : committedOffset,
            ] as const,
        ),
      ),
    ),
  )
  const behind = ends.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, offset }) => offset - (done.get(`${name}/${partitionIndex}`) ?? 0n)),
  )
  return Number(behind.reduce((sum, one) => sum + one, 0n))
}
