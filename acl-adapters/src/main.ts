import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { catalogRest } from '../adapters/catalog/catalog-rest.ts'
import { catalogSoap } from '../adapters/catalog/catalog-soap.ts'
import { customersRest } from '../adapters/customers/customers-rest.ts'
import { customersSoap } from '../adapters/customers/customers-soap.ts'
import { ordersRest } from '../adapters/orders/orders-rest.ts'
import { usernameSeal } from './security/outgoing-security.ts'
import { readCredentials, usernameCheckFrom } from './security/security-files.ts'
import { startAdapters } from './start-adapters.ts'

const port = z.coerce.number().int().min(0).max(65_535).default(0)
const url = z.url({ protocol: /^https?$/ })
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  REST_PORT: port,
  FACADE_PORT: port,
  WSDL: z.string().min(1),
  MONOLITH_URL: url,
  CUSTOMERS_URL: url,
  // Without it the façade over the services has no operations of the catalog.
  CATALOG_URL: url.optional(),
  // Folder that keeps what became of writes, so that a retry after a crash is not sent twice.
  OUTCOMES: z.string().min(1).optional(),
  // JSON file of names and passwords: the SOAP façade then wants a wsse:UsernameToken in each request.
  WSSE_USERS: z.string().min(1).optional(),
  // JSON file {username, password, form}: sent to the monolith as a wsse:UsernameToken.
  USERNAME_TOKEN: z.string().min(1).optional(),
  // `drop`: elements of the monolith's replies that its WSDL does not have are left out, with a warning in the log.
  UNKNOWN_ELEMENTS: z.enum(['refuse', 'drop']).default('refuse'),
})

await runMain(process, async env => {
  const {
    HOST,
    REST_PORT,
    FACADE_PORT,
    WSDL,
    MONOLITH_URL,
    CUSTOMERS_URL,
    CATALOG_URL,
    OUTCOMES,
    UNKNOWN_ELEMENTS,
    WSSE_USERS,
    USERNAME_TOKEN,
  } = readEnv(environment, env)
  const { restUrl, facadeUrl, close } = await startAdapters({
    host: HOST,
    restPort: REST_PORT,
    facadePort: FACADE_PORT,
    wsdl: WSDL,
    monolithUrl: MONOLITH_URL,
    serviceUrl: CUSTOMERS_URL,
    serviceUrls: CATALOG_URL === undefined ? {} : { '/products': CATALOG_URL },
    restMappings: [customersRest, catalogRest, ordersRest],
    soapMappings: CATALOG_URL === undefined ? [customersSoap] : [customersSoap, catalogSoap],
    ...(WSSE_USERS === undefined ? {} : { security: usernameCheckFrom(WSSE_USERS) }),
    ...(USERNAME_TOKEN === undefined
      ? {}
      : { seals: [usernameSeal(readCredentials(USERNAME_TOKEN), Date.now)] }),
    dropUnknown: UNKNOWN_ELEMENTS === 'drop',
    ...(OUTCOMES === undefined ? {} : { outcomes: OUTCOMES }),
    log: createLog('acl'),
  })
  return { ready: { url: restUrl, restUrl, facadeUrl }, close }
})
