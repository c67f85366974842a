import { createHttpApp, type HttpAppParts } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import type { Express } from 'express'
import { Counter } from 'prom-client'
import type { Capabilities } from '../application/capabilities.ts'
import type { ComposeParts } from '../application/order-details.ts'
import { addMobileResources } from './mobile-resources.ts'
import { addWebResources } from './web-resources.ts'

export type StorefrontAppParts = Pick<HttpAppParts, 'log' | 'metrics' | 'notReady'> & {
  capabilities: Capabilities
  /** How long one part of an answer may take, in ms. */
  partMs: number
}

const problems: ProblemMapping = {
  ORDER_NOT_FOUND: error => problem('order-not-found', 'Order not found', 404, error.message),
  CUSTOMER_NOT_FOUND: error => problem('customer-not-found', 'Customer not found', 404, error.message),
  ORDER_UNAVAILABLE: error => problem('unavailable', 'Unavailable', 503, error.message),
  CUSTOMER_UNAVAILABLE: error => problem('unavailable', 'Unavailable', 503, error.message),
}

/** A face for each kind of client, in front of the same capabilities. It listens nowhere by itself. */
export function buildApp({ capabilities, partMs, ...parts }: StorefrontAppParts): Express {
  const outcomes = new Counter({
    name: 'strangler_parts_total',
    help: 'Parts of composed answers, and what came of them',
    labelNames: ['part', 'outcome'] as const,
    registers: [parts.metrics],
  })
  const compose: ComposeParts = {
    capabilities,
    withinMs: partMs,
    log: parts.log,
    count: (part, outcome) => outcomes.inc({ part, outcome }),
  }
  return createHttpApp({
    ...parts,
    problems,
    routes: app => {
      addWebResources(app, compose)
      addMobileResources(app, compose)
    },
  })
}
