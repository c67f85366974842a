import type { Direction, Position, Switcher } from './switcher.ts'

export type DryRun = { verbs: Switcher; sentences(): readonly string[] }

/**
 * The same verbs, telling instead of doing: one sentence each.
 * @param proxies how many proxies there are
 * @param tables unqualified, of the source
 */
export function createDryRunSwitcher(
  capability: string,
  direction: Direction,
  epoch: number,
  proxies: number,
  tables: readonly string[],
): DryRun {
  const { source, target, stage } = direction
  const told: string[] = []
  const tell = async (sentence: string) => {
    told.push(sentence)
  }
  const everyProxy = proxies === 1 ? 'the proxy' : `all ${proxies} proxies`
  const verbs: Switcher = {
    hold: () => tell(`Hold new writes of ${capability} at ${everyProxy}, under epoch ${epoch}.`),
    drain: () => tell('Wait until the writes in flight have ended.'),
    fence: () => tell(`Fence ${tables.join(', ')} on the ${source} side against everybody but the applier.`),
    barrier: () => tell('Wait until every transaction that began before the fence has ended.'),
    readPosition: async (): Promise<Position> => {
      await tell(`Read the ${source} side's position.`)
      return ''
    },
    writeFenceRow: () => tell(`Write a fence row on the ${source} side.`),
    catchUp: () =>
      tell(`Wait until the fence row and that position have been applied on the ${target} side.`),
    stopSync: () => tell(`Stop the sync ${source} → ${target}.`),
    verifyChanged: () => tell('Compare the rows that changed since the last verification.'),
    prepareReverse: async (): Promise<Position> => {
      await tell(`Create the sync ${target} → ${source} at the ${target} side's position, stopped.`)
      return ''
    },
    liftAutoIncrement: () => tell(`Lift AUTO_INCREMENT on the ${target} side past both sides.`),
    journalOwner: () =>
      tell(`Write to the journal that the owner is ${target}, epoch ${epoch}: the point of no return.`),
    openTarget: () => tell(`Take the fence off the ${target} side.`),
    flipRoutes: () => tell(`Swap one generation at ${everyProxy}: stage ${stage}, writes ${target}.`),
    startReverse: () => tell(`Start the sync ${target} → ${source}.`),
    confirmReverse: () => tell(`See a canary row of the ${target} side arrive on the ${source} side.`),
    release: async () => {
      await tell(`Release the held writes to the ${target} side.`)
      return []
    },
  }
  return { verbs, sentences: () => told }
}
