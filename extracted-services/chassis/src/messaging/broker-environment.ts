import { invalidInput } from '@strangler/kit/problem.ts'
import { z } from 'zod'
import type { Broker } from './open-messaging.ts'

/** The variables that say which broker a process is connected to, for the `environment` of its main. */
export const brokerEnvironment = {
  MESSAGING: z.enum(['embedded', 'kafka']).default('embedded'),
  MESSAGING_URL: z.url({ protocol: /^mysql$/ }).optional(),
  KAFKA_BROKERS: z
    .string()
    .transform(text => text.split(',').map(server => server.trim()))
    .refine(servers => servers.every(server => /^[\w.-]+:\d{1,5}$/.test(server)), 'host:port[,host:port]')
    .optional(),
  /** `tailing`: the binlog says when the outbox has something, instead of asking the table over and over. */
  OUTBOX: z.enum(['polling', 'tailing']).default('polling'),
  /** Of an account with REPLICATION SLAVE and BINLOG MONITOR, if that is not the service's own. */
  OUTBOX_TAIL_URL: z.url({ protocol: /^mysql$/ }).optional(),
  KAFKA_REPLICAS: z.coerce.number().int().min(1).max(9).default(1),
}

export type BrokerEnvironment = z.infer<z.ZodObject<typeof brokerEnvironment>> & { DATABASE_URL: string }

/**
 * The broker of a process; undefined when it has none, and its events wait in its outbox.
 * @throws ToolkitError ENV_INVALID when Kafka is chosen without its brokers
 */
export function brokerOf(env: BrokerEnvironment): Broker | undefined {
  const tail = env.OUTBOX === 'tailing' ? (env.OUTBOX_TAIL_URL ?? env.DATABASE_URL) : undefined
  if (env.MESSAGING === 'kafka') {
    if (env.KAFKA_BROKERS === undefined) throw missing('KAFKA_BROKERS')
    return { kind: 'kafka', servers: env.KAFKA_BROKERS, replicas: env.KAFKA_REPLICAS, tail }
  }
  return env.MESSAGING_URL === undefined ? undefined : { kind: 'embedded', url: env.MESSAGING_URL, tail }
}

/**
 * The broker of a process that can't do without.
 * @throws ToolkitError ENV_INVALID
 */
export function requiredBrokerOf(env: BrokerEnvironment): Broker {
  const broker = brokerOf(env)
  if (broker === undefined) throw missing('MESSAGING_URL')
  return broker
}

function missing(path: string) {
  return invalidInput('ENV_INVALID', 'environment', [{ path, message: 'is required' }])
}
