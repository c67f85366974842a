import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Express, Request, Response } from 'express'
import { type Json, numberOf, recordsOf } from '../render/json-fields.ts'
import { generationParams, generationsQuery, ignoreBody, readInput, revertBody } from './api-requests.ts'
import type { ProxyView } from './proxy-view.ts'
import type { Session } from './sessions.ts'
import type { SystemWatch } from './watch-system.ts'

export type ChangeParts = {
  proxies: readonly ProxyView[]
  watch: Pick<SystemWatch, 'hurry'>
  /** @throws ToolkitError CAPABILITY_UNKNOWN */
  known(request: Request): string
}

/** What is changed at the proxies and not by a verb of the engine: rules of a comparison, and whole generations. */
export function addChanges(app: Express, { proxies, watch, known }: ChangeParts): void {
  app.get('/api/generations', async (request, response) => {
    const { limit } = readInput(generationsQuery, request.query)
    response.json(await firstOf(proxies).generations(limit))
  })

  app.post('/api/capabilities/:capability/ignore', async (request, response) => {
    const { route, path, reason, until } = readInput(ignoreBody, request.body)
    const capability = known(request)
    const change = { capability, route, path, reason, until, by: byOf(response) }
    const answers: Json[] = []
    // One after the other: they may share the file, and the second finds what the first has added.
    for (const proxy of proxies) answers.push(await proxy.ignore(change))
    watch.hurry()
    response.json({ generation: Math.max(...answers.map(generationOf)) })
  })

  app.post('/api/generations/:number/revert', async (request, response) => {
    const { number } = readInput(generationParams, request.params)
    const { reason } = readInput(revertBody, request.body)
    const wanted = await entryOf(firstOf(proxies), ({ number: found }) => found === number)
    if (wanted === undefined)
      throw new ToolkitError('GENERATION_UNKNOWN', `generation ${number} is no longer kept`, {
        hint: 'strangler.yaml can always be edited by hand',
      })
    const author = { by: byOf(response), reason }
    const answers: Json[] = []
    // Each proxy numbers for itself: the same text is known by its hash.
    for (const proxy of proxies) {
      const same = await entryOf(proxy, ({ hash }) => hash === wanted.hash)
      if (same !== undefined) answers.push(await proxy.revert(Number(same.number), author))
    }
    watch.hurry()
    response.json({ generation: Math.max(...answers.map(generationOf)) })
  })
}

async function entryOf(proxy: ProxyView, isIt: (entry: Json) => boolean): Promise<Json | undefined> {
  const { generations } = await proxy.generations(200)
  return recordsOf(generations).find(isIt)
}

function generationOf({ generation }: Json): number {
  return numberOf(generation) ?? 0
}

function firstOf([first]: readonly ProxyView[]): ProxyView {
  if (first !== undefined) return first
  throw new ToolkitError('CONFIG_PROXIES', 'the dashboard knows of no proxy', {})
}

function byOf(response: Response): string {
  return (response.locals.session as Session).by
}
