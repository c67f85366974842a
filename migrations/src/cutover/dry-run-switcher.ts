import { type Direction, type Position, type Switcher, type SwitchVerb, switchVerbs } from './switcher.ts'

export type DryRun = { verbs: Switcher; sentences(): readonly string[] }

/**
 * The same verbs, telling instead of doing: one sentence each, in the order of the verbs.
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
  const told = new Map<SwitchVerb, string>()
  const tell = async (verb: SwitchVerb, sentence: string) => {
    told.set(verb, sentence)
  }
  const everyProxy = proxies === 1 ? 'the proxy' : `all ${proxies} proxies`
  const verbs: Switcher = {
    arm: () => tell('arm', `Prepare both sides, so that each can be fenced or opened at once.`),
    hold: () => tell('hold', `Hold new writes of ${capability} at ${everyProxy}, under epoch ${epoch}.`),
    drain: () => tell('drain', 'Wait until the writes in flight have ended.'),
    fence: () =>
      tell('fence', `Fence ${tables.join(', ')} on the ${source} side against everybody but the applier.`),
    barrier: () => tell('barrier', 'Wait until every transaction that began before the fence has ended.'),
    readPosition: async (): Promise<Position> => {
      await tell('readPosition', `Read the ${source} side's position.`)
      return ''
    },
    writeFenceRow: () => tell('writeFenceRow', `Write a fence row on the ${source} side.`),
    catchUp: () =>
      tell('catchUp', `Wait until the fence row and that position have been applied on the ${target} side.`),
    stopSync: () => tell('stopSync', `Stop the sync ${source} → ${target}.`),
    verifyChanged: () => tell('verifyChanged', 'Compare the rows that changed since the last verification.'),
    prepareReverse: async (): Promise<Position> => {
      await tell(
        'prepareReverse',
        `Create the sync ${target} → ${source} at the ${target} side's position, stopped.`,
      )
      return ''
    },
    liftAutoIncrement: () =>
      tell('liftAutoIncrement', `Lift AUTO_INCREMENT on the ${target} side past both sides.`),
    journalOwner: () =>
      tell(
        'journalOwner',
        `Write to the journal that the owner is ${target}, epoch ${epoch}: the point of no return.`,
      ),
    openTarget: () => tell('openTarget', `Take the fence off the ${target} side.`),
    flipRoutes: () =>
      tell('flipRoutes', `Swap one generation at ${everyProxy}: stage ${stage}, writes ${target}.`),
    startReverse: () => tell('startReverse', `Start the sync ${target} → ${source}.`),
    confirmReverse: () =>
      tell('confirmReverse', `See a canary row of the ${target} side arrive on the ${source} side.`),
    release: async () => {
      await tell('release', `Release the held writes to the ${target} side.`)
      return []
    },
    disarm: () =>
      tell('disarm', `Leave the lasting fence on the ${source} side, and none on the ${target} side.`),
  }
  return { verbs, sentences: () => switchVerbs.flatMap(verb => told.get(verb) ?? []) }
}
