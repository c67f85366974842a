/** One side's database and the two accounts the toolkit uses there. */
export type Database = {
  /** As the plan names it (`legacy`, `customers`): for messages. */
  name: string
  /** `mysql://strangler:…@host:port/schema`: tails the binlog, fences, copies, compares, writes signals. */
  toolkitUrl: string
  /** `mysql://strangler_applier:…@host:port/schema`: writes rows under the toolkit's origin; the fence lets it pass. */
  applierUrl: string
  /** Schema on this server with the toolkit's own tables (`strangler`): checkpoint, signal, … */
  controlSchema: string
}
