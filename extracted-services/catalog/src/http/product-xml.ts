import type { Product } from '../domain/product.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const special = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // As itself it would be read as a line feed (XML 1.0 §2.11).
  '\r': '&#xD;',
}

export function writeProduct(product: Product): string {
  return declaration + productElement(product)
}

export function writeProducts(products: readonly Product[]): string {
  return `${declaration}<products>${products.map(productElement).join('')}</products>`
}

function productElement(product: Product): string {
  const children = Object.entries(product).map(
    ([name, value]) => `<${name}>${escapeText(String(value))}</${name}>`,
  )
  return `<product>${children.join('')}</product>`
}

/** Rows that came from elsewhere may hold what XML 1.0 has no way to write: U+FFFD stands for it, as in Unicode. */
function escapeText(text: string): string {
  return text.toWellFormed().replace(special, character => references[character] ?? '\ufffd')
}
