import type { Written } from './ledger.ts'

export type OrderProof = {
  /** Writes that had another one before them to be held against. */
  checked: number
  /** Tokens that stand before a write of the same key that was acknowledged before they were sent. */
  broken: string[]
}

/**
 * Whether each key's writes took effect in the order in which they were made: one that was sent after another one was
 * acknowledged stands after it. Writes under way at the same time may stand either way.
 * @param places where each token stands among its key's, growing with time
 */
export function proveOrder(
  writes: ReadonlyMap<string, Written>,
  places: ReadonlyMap<string, number>,
): OrderProof {
  const proof: OrderProof = { checked: 0, broken: [] }
  const placed = [...writes].flatMap(([token, written]) => {
    const place = places.get(token)
    return place === undefined ? [] : { token, place, ...written }
  })
  for (const ofKey of Map.groupBy(placed, ({ subject }) => subject).values()) {
    const bySent = ofKey.toSorted((a, b) => a.sentAt - b.sentAt)
    const byAnswer = ofKey.toSorted((a, b) => a.answeredAt - b.answeredAt)
    let answered = 0
    let highest = Number.NEGATIVE_INFINITY
    for (const { token, place, sentAt } of bySent) {
      for (; answered < byAnswer.length && byAnswer[answered]!.answeredAt < sentAt; answered++)
        highest = Math.max(highest, byAnswer[answered]!.place)
      if (answered === 0) continue
      proof.checked++
      if (place < highest) proof.broken.push(token)
    }
  }
  return proof
}
