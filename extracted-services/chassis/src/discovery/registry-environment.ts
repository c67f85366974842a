import { z } from 'zod'
import type { Registry } from './registry.ts'

/** The variables of a process that announces itself, for the `environment` of its main. */
export const registryEnvironment = {
  STRANGLER_REGISTRY_URL: z.url({ protocol: /^https?$/ }).optional(),
  STRANGLER_REGISTRY_TOKEN: z.string().min(1).optional(),
  /** Tells this instance from others of its service. */
  STRANGLER_INSTANCE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional(),
  /** Where others reach it, if that is not where it listens: in a container, say. */
  STRANGLER_ADVERTISED_URL: z.url({ protocol: /^https?$/ }).optional(),
}

export type RegistryEnvironment = z.infer<z.ZodObject<typeof registryEnvironment>>

/** The registry of a process; undefined when it has none: then it announces and looks up nothing. */
export function registryOf(env: RegistryEnvironment): Registry | undefined {
  const { STRANGLER_REGISTRY_URL: url, STRANGLER_REGISTRY_TOKEN: token } = env
  return url === undefined || token === undefined ? undefined : { url, token }
}
