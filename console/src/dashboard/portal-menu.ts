import { readFile } from 'node:fs/promises'
import { invalidInput } from '@strangler/kit/problem.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { Snapshot } from './system-snapshot.ts'
import type { Side } from './traffic-figures.ts'

const address = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
const name = z.string().trim().min(1).max(80)

const portalFile = z.strictObject({
  title: name,
  items: z
    .array(
      z.strictObject({
        title: name,
        description: z.string().trim().max(200).default(''),
        capability: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'is no name of a capability'),
        legacy: address,
        extracted: address,
      }),
    )
    .max(200),
})

export type Portal = z.infer<typeof portalFile>

/** An entry of the menu as its users see it: who serves it now, and where. */
export type MenuItem = { title: string; description: string; side: Side; href: string }

/**
 * The applications of the portal and where each is on either side.
 * @param path to a JSON file; without one the menu is empty
 * @throws ToolkitError CONFIG_INVALID with every problem of the file
 */
export async function readPortal(path: string | undefined): Promise<Portal> {
  if (path === undefined) return { title: 'Applications', items: [] }
  let content: unknown
  try {
    content = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw invalidInput('CONFIG_INVALID', path, [{ path: '', message: messageOf(error) }])
  }
  const parsed = portalFile.safeParse(content)
  if (parsed.success) return parsed.data
  throw invalidInput(
    'CONFIG_INVALID',
    path,
    parsed.error.issues.map(issue => ({ path: issue.path.join('.'), message: issue.message })),
  )
}

export type Menu = { title: string; items: readonly MenuItem[] }

/**
 * The menu at a moment. An application moves as a whole: a cohort of requests does not make it another address.
 * While no proxy says where a capability is, its item stays where it was.
 */
export function createMenu({ title, items }: Portal): (snapshot: Snapshot) => Menu {
  const sides = new Map<string, Side>()
  return snapshot => {
    for (const { name, stage } of snapshot.capabilities)
      if (typeof stage === 'string')
        sides.set(name, stage === 'extracted' || stage === 'retired' ? 'extracted' : 'legacy')
    return {
      title,
      items: items.map(({ capability, title, description, ...places }) => {
        const side = sides.get(capability) ?? 'legacy'
        return { title, description, side, href: places[side] }
      }),
    }
  }
}
