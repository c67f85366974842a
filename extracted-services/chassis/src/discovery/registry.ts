import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'

/** Where instances of services are known: the proxy's admin API, with a token that may register. */
export type Registry = { url: string; token: string }

/** One process of a service. `url` is where others reach it. */
export type Instance = { service: string; id: string; url: string }

/** A reader is tolerant: what else an instance says is passed over. */
const instancesAnswer = z.object({ instances: z.array(z.object({ id: z.string(), url: z.url() })) })
const requestMs = 2_000

/** Registers, or beats: it is known for `ttlMs` from now on. @throws ToolkitError REGISTRY_UNAVAILABLE */
export async function putInstance(registry: Registry, instance: Instance, ttlMs: number): Promise<void> {
  const { service, id, url } = instance
  await ask(registry, 'PUT', pathOf(service, id), { url, ttlMs })
}

/** @throws ToolkitError REGISTRY_UNAVAILABLE */
export async function removeInstance(registry: Registry, { service, id }: Instance): Promise<void> {
  await ask(registry, 'DELETE', pathOf(service, id))
}

/** Where the living instances of a service are. @throws ToolkitError REGISTRY_UNAVAILABLE */
export async function readInstances(registry: Registry, service: string): Promise<string[]> {
  const parsed = instancesAnswer.safeParse(await ask(registry, 'GET', pathOf(service)))
  if (!parsed.success) throw unavailable('answered something else than instances')
  return parsed.data.instances.map(({ url }) => url)
}

function pathOf(service: string, id?: string): string {
  const path = `/admin/services/${encodeURIComponent(service)}/instances`
  return id === undefined ? path : `${path}/${encodeURIComponent(id)}`
}

async function ask({ url, token }: Registry, method: string, path: string, body?: object): Promise<unknown> {
  let answer: Response
  try {
    answer = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(requestMs),
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.ok) return answer.status === 204 ? undefined : await answer.json()
  } catch (cause) {
    throw unavailable('does not answer', cause)
  }
  throw unavailable(`answered ${answer.status}`)
}

function unavailable(what: string, cause?: unknown): ToolkitError {
  return new ToolkitError('REGISTRY_UNAVAILABLE', `the registry ${what}`, {
    hint: 'is the proxy up, and is the token one that may register?',
    cause,
  })
}
