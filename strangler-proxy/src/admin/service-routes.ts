import { invalidInput } from '@strangler/kit/problem.ts'
import { Router } from 'express'
import { createAllowedPlaces } from '../discovery/allowed-places.ts'
import { registration, registrationPath } from '../discovery/registration.ts'
import type { ServiceRegistry } from '../discovery/service-registry.ts'
import type { Generation } from '../routing/generation.ts'
import { readInput } from './admin-requests.ts'

/** Where services register, and where others ask who serves them. */
export function serviceRoutes(registry: ServiceRegistry, current: () => Generation): Router {
  const router = Router()

  router.get('/admin/services', (_request, response) => {
    response.json({ services: registry.services() })
  })

  router.get('/admin/services/:service/instances', (request, response) => {
    const { service } = readInput(registrationPath.pick({ service: true }), request.params)
    response.json({ service, instances: registry.instancesOf(service) })
  })

  router.put('/admin/services/:service/instances/:id', (request, response) => {
    const { service, id } = readInput(registrationPath, request.params)
    const { url, ttlMs } = readInput(registration, request.body ?? {})
    if (!createAllowedPlaces(current().config.registry.allow).permits(url))
      throw invalidInput('REQUEST_INVALID', 'request', [
        { path: 'url', message: 'registry.allow of the configuration lets no server be there' },
      ])
    registry.put({ service, id, url }, ttlMs)
    response.json({ service, id, expiresInMs: ttlMs })
  })

  router.delete('/admin/services/:service/instances/:id', (request, response) => {
    const { service, id } = readInput(registrationPath, request.params)
    registry.remove(service, id)
    response.status(204).end()
  })

  return router
}
