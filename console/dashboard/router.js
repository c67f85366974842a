/** `#/capability/customers/stage?stage=canary` → its parts, decoded, and its query. */
export function parseRoute(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const parts = path.split('/').filter(part => part !== '')
  return { parts: parts.map(decoded), query: new URLSearchParams(query) }
}

/** The address of a view: every part and value encoded. Undefined values are left out. */
export function routeTo(parts, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(known).toString()
  return `#/${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}

function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
