import { createLog } from '@strangler/kit/log.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { runMain } from '@strangler/kit/run-main.ts'
import { z } from 'zod'
import { customersRest } from '../adapters/customers/customers-rest.ts'
import { customersSoap } from '../adapters/customers/customers-soap.ts'
import { startAdapters } from './start-adapters.ts'

const port = z.coerce.number().int().min(0).max(65_535).default(0)
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  REST_PORT: port,
  FACADE_PORT: port,
  WSDL: z.string().min(1),
  MONOLITH_URL: z.url({ protocol: /^https?$/ }),
  CUSTOMERS_URL: z.url({ protocol: /^https?$/ }),
})

await runMain(process, async env => {
  const { HOST, REST_PORT, FACADE_PORT, WSDL, MONOLITH_URL, CUSTOMERS_URL } = readEnv(environment, env)
  const { restUrl, facadeUrl, close } = await startAdapters({
    host: HOST,
    restPort: REST_PORT,
    facadePort: FACADE_PORT,
    wsdl: WSDL,
    monolithUrl: MONOLITH_URL,
    serviceUrl: CUSTOMERS_URL,
    restMappings: [customersRest],
    soapMappings: [customersSoap],
    log: createLog('acl'),
  })
  return { ready: { url: restUrl, restUrl, facadeUrl }, close }
})
