import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const wsdlFile = fileURLToPath(new URL('../wsdl/shop.wsdl', import.meta.url))

const schemas = ['common.xsd', 'customers.xsd', 'catalog.xsd', 'orders.xsd']

export type WsdlDocuments = {
  /** As it lies on disk. */
  source: string
  /** @param endpoint what the client calls the service, e.g. `http://shop:9001/soap` */
  wsdl(endpoint: string): string
  /** Undefined for a name that the WSDL does not import. */
  schema(name: string, endpoint: string): string | undefined
}

/** The contract as a client downloads it: every location in it leads back to the endpoint it was asked of. */
export async function loadWsdlDocuments(): Promise<WsdlDocuments> {
  const source = await readFile(wsdlFile, 'utf8')
  const texts = new Map(
    await Promise.all(
      schemas.map(
        async name => [name, await readFile(new URL(`../wsdl/${name}`, import.meta.url), 'utf8')] as const,
      ),
    ),
  )
  const locate = (text: string, endpoint: string) =>
    text
      .replace(/schemaLocation="([^"]+)"/g, `schemaLocation="${endpoint}?xsd=$1"`)
      .replace(/(<soap:address location=")[^"]*"/, `$1${endpoint}"`)
  return {
    source,
    wsdl: endpoint => locate(source, endpoint),
    schema: (name, endpoint) => {
      const text = texts.get(name)
      return text === undefined ? undefined : locate(text, endpoint)
    },
  }
}
