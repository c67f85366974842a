import { createHttpExchange, type HttpExchange } from './http-exchange.ts'

/**
 * Exchanges with several services, each of which answers a part of the paths.
 * @param urls by the path that stands above all paths of the service, such as `/products`
 * @param otherwise the URL of the service that answers the rest
 */
export function createExchangeByPath(
  urls: Readonly<Record<string, string>>,
  otherwise: string,
): HttpExchange {
  const services = Object.entries(urls).map(([top, url]) => ({ top, exchange: createHttpExchange(url) }))
  const rest = createHttpExchange(otherwise)
  const find = (path: string) => {
    const [plain = ''] = path.split('?', 1)
    return services.find(({ top }) => plain === top || plain.startsWith(`${top}/`))?.exchange ?? rest
  }
  return {
    send: request => find(request.path).send(request),
    close: async () => {
      await Promise.all([...services.map(({ exchange }) => exchange.close()), rest.close()])
    },
  }
}
