/** What makes a caller the same caller from request to request. */
export type CohortKey =
  | { from: 'cookie' | 'header' | 'param'; name: string }
  | { from: 'bearer' }
  | { from: 'ip' }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Reads `cookie:sid`, `header:x-user`, `param:id`, `bearer` or `ip`; a string answers what is wrong. */
export function parseCohortKey(text: string): CohortKey | string {
  if (text === 'bearer' || text === 'ip') return { from: text }
  const colon = text.indexOf(':')
  const from = text.slice(0, colon)
  const name = text.slice(colon + 1)
  if (colon === -1 || (from !== 'cookie' && from !== 'header' && from !== 'param'))
    return 'cookie:NAME, header:NAME, param:NAME, bearer or ip'
  if (!token.test(name)) return `${JSON.stringify(name)} is not the name of a ${from}`
  return { from, name: from === 'header' ? name.toLowerCase() : name }
}
