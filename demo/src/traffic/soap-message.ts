const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** `<Name xmlns="namespace"><field>value</field>…</Name>`, values escaped; undefined fields left out. */
export function soapRequest(
  name: string,
  namespace: string,
  fields: Record<string, string | number | undefined>,
): string {
  const content = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([field, value]) =>
        `<${field}>${String(value).replace(/[&<>"]/g, found => escapes[found]!)}</${field}>`,
    )
  return `<${name} xmlns="${namespace}">${content.join('')}</${name}>`
}

/** The text of the first element with that local name, whatever its prefix; undefined where there is none. */
export function elementText(xml: string, localName: string): string | undefined {
  const match = new RegExp(`<(?:[\\w-]+:)?${localName}(?:\\s[^>]*)?>([^<]*)<`).exec(xml)
  return match?.[1]?.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return entities[name] ?? whole
  })
}
