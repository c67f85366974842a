import { join } from 'node:path'
import type { Ports } from './system-config.ts'

/** Where the portal's menu of this system is kept. */
export function portalFile(stateDir: string): string {
  return join(stateDir, 'portal.json')
}

/** The menu of the shop's users: one item per application, with where it is on either side. */
export function portalMenu(ports: Ports): string {
  const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`
  const item = (title: string, description: string, path: string, port: number) => ({
    title,
    description,
    capability: title.toLowerCase(),
    legacy: at(ports.rest, path),
    extracted: at(port, path),
  })
  const items = [
    item('Customers', 'who buys from us, and on what credit', '/customers', ports.customers),
    item('Catalog', 'what we sell, at what price, and how much of it is there', '/products', ports.catalog),
  ]
  return `${JSON.stringify({ title: 'Shop', items }, null, 2)}\n`
}
