import type { SourceDocument } from './contract.ts'

/** The path in the first soap:address of the documents; `/soap` where none names one. */
export function endpointPath(documents: readonly SourceDocument[]): string {
  for (const { text } of documents)
    for (const [, , location = ''] of text.matchAll(
      /<[\w.-]+:address\b[^>]*?\slocation\s*=\s*(["'])(.*?)\1/g,
    ))
      if (/^https?:/.test(location) && URL.canParse(location)) {
        const { pathname } = new URL(location)
        if (pathname !== '/') return pathname
      }
  return '/soap'
}
