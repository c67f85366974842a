/** What a strangler.yaml of the benchmarks routes to. */
export type RouteFile = {
  legacy: string
  extracted: string
  /** How many routes, REST and SOAP in equal parts. */
  routes: number
  stage: 'legacy' | 'shadow' | 'canary'
  /** Share of the reads that are copied. */
  sample: number
}

const routesPerCapability = 40

/** A configuration with many routes; the last of them are those that the load asks for. */
export function routeFile({ legacy, extracted, routes, stage, sample }: RouteFile): string {
  const capabilities: string[] = []
  for (let first = 0; first < routes; first += routesPerCapability) {
    const lines: string[] = []
    for (let index = first; index < Math.min(routes, first + routesPerCapability); index++)
      lines.push(
        index % 2 === 0
          ? `      - { rest: "ANY /api/resource-${index}/{id}", effect: read, legacy: legacy, extracted: extracted }`
          : `      - { soap: "/soap#Operation${index}", effect: read, legacy: legacy, extracted: extracted }`,
      )
    capabilities.push(
      [
        `  capability-${first / routesPerCapability}:`,
        `    stage: ${stage}`,
        '    writes: legacy',
        '    canary: { percent: 50, key: "cookie:sid" }',
        `    comparison: { sample: ${sample}, noise: 0 }`,
        '    routes:',
        ...lines,
      ].join('\n'),
    )
  }
  return `version: 1
upstreams:
  legacy:    { url: "${legacy}" }
  extracted: { url: "${extracted}" }
default: legacy
capabilities:
${capabilities.join('\n')}
`
}

/** GET requests for the last REST route, by 64 callers. */
export function pathRequests(routes: number): string[] {
  const resource = routes % 2 === 0 ? routes - 2 : routes - 1
  return callers(
    sid =>
      `GET /api/resource-${resource}/${sid}?expand=notes HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\nCookie: lang=en; sid=${sid}\r\n\r\n`,
  )
}

/**
 * Envelopes of 2 KB, by 64 callers.
 * @param path `/soap` is routed by operation; any other path holds the same bytes and is routed by path
 */
export function envelopeRequests(path: string, operation: string): string[] {
  const body = envelope(operation)
  return callers(
    sid =>
      `POST ${path} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: "urn:bench#${operation}"\r\nCookie: sid=${sid}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function envelope(operation: string): string {
  const start = `<?xml version="1.0" encoding="utf-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:b="urn:bench"><soapenv:Header/><soapenv:Body><b:${operation}>`
  const end = `</b:${operation}></soapenv:Body></soapenv:Envelope>`
  let inside = ''
  for (let index = 0; start.length + inside.length + end.length < 2_000; index++)
    inside += `<b:item no="${index}"><b:name>part ${index}</b:name></b:item>`
  return start + inside + end
}

function callers(request: (sid: number) => string): string[] {
  return Array.from({ length: 64 }, (_, sid) => request(sid))
}
