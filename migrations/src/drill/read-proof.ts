export type ReadProof = {
  /** Reads that were answered. */
  total: number
  /** What a read lacked that its caller had written or had seen before, in words. */
  stale: string[]
}

/** Watches what callers see: each sees its own acknowledged writes, and what it has once seen. */
export type ReadWatch = {
  acknowledged(caller: string, token: string): void
  /** Before a read is sent. @returns to be called with the text that answers it */
  reads(caller: string): (text: string) => void
  proof(): ReadProof
}

/** @param prefix of the tokens, which are `PREFIX-` and digits */
export function createReadWatch(prefix: string): ReadWatch {
  const escaped = prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`${escaped}-\\d+`, 'g')
  const known = new Map<string, Set<string>>()
  const proof: ReadProof = { total: 0, stale: [] }
  const of = (caller: string) => {
    const tokens = known.get(caller) ?? new Set<string>()
    known.set(caller, tokens)
    return tokens
  }
  return {
    acknowledged: (caller, token) => void of(caller).add(token),
    reads: caller => {
      const due = [...of(caller)]
      return text => {
        const seen = new Set(text.match(pattern))
        proof.total++
        const missing = due.filter(token => !seen.has(token))
        if (missing.length > 0)
          proof.stale.push(`a read of ${caller} lacks ${missing.length} of ${due.length}: ${missing[0]}`)
        for (const token of seen) of(caller).add(token)
      }
    },
    proof: () => proof,
  }
}
