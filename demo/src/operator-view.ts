import { request } from 'undici'

export type CapabilityStatus = {
  name: string
  stage: string
  writes: string
  percent: number
  lagMs: number | null
  comparison: { samples: number; diverged: number; verdict: string }
}

/** The running system as its admin APIs show it. */
export type OperatorView = {
  status(): Promise<CapabilityStatus>
  /** Forgets the samples of a comparison: what was observed of a build that no longer runs proves nothing. */
  resetComparison(): Promise<void>
}

export function createOperatorView(
  engineUrl: string,
  adminUrl: string,
  token: string,
  capability: string,
): OperatorView {
  const headers = { authorization: `Bearer ${token}` }
  return {
    status: async () => {
      const reply = await request(`${engineUrl}/status`, { headers })
      const body = (await reply.body.json()) as { capabilities: CapabilityStatus[] }
      return body.capabilities.find(({ name }) => name === capability)!
    },
    resetComparison: async () => {
      const reply = await request(`${adminUrl}/admin/comparisons/${capability}`, {
        method: 'DELETE',
        headers,
      })
      await reply.body.dump()
    },
  }
}
