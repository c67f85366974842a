import { expect, test } from '@jest/globals'
import { validateConnectorConfig } from 'debezium-connector-config/validate-connector-config.ts'
import express, { type NextFunction, type Request, type Response } from 'express'
import request from 'supertest'
import { plan } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { addConnectorRoutes } from '../src/operator/connector-routes.ts'

const side = (name: string, schema: string) => ({
  name,
  toolkitUrl: `mysql://strangler:hush-hush@db:3306/${schema}`,
  applierUrl: `mysql://strangler_applier:hush-hush@db:3306/${schema}`,
  controlSchema: 'strangler',
})
const parts = {
  sidesOf: () => ({ legacy: side('legacy', 'legacy_shop'), extracted: side('customers', 'customers') }),
} as unknown as SwitchParts
const app = express()
addConnectorRoutes(app, { parts, plans: new Map([[plan.capability, plan]]) })
app.use((error: { code?: string }, _request: Request, response: Response, _next: NextFunction) => {
  response.status(error.code === 'CAPABILITY_UNPLANNED' ? 404 : 400).json({ code: error.code })
})

test('both connectors of a plan are valid, reach Kafka where it was said to be, and hold no password', async () => {
  const answer = await request(app).get('/capabilities/customers/connectors?kafka=broker:9093')
  const { connectors } = answer.body as {
    connectors: { side: string; name: string; config: Record<string, string> }[]
  }
  expect(connectors.map(({ side: of, name }) => [of, name])).toEqual([
    ['legacy', 'strangler-customers-legacy'],
    ['extracted', 'strangler-customers-extracted'],
  ])
  expect(answer.text).not.toContain('hush-hush')
  expect(answer.text).toContain('broker:9093')
  for (const { config } of connectors)
    expect(
      validateConnectorConfig(config, { debezium: '3.5' }).filter(({ severity }) => severity === 'error'),
    ).toEqual([])
})

test('an address that is none, and a capability without a plan, are refused', async () => {
  expect((await request(app).get('/capabilities/customers/connectors?kafka=nowhere')).status).toBe(400)
  expect((await request(app).get('/capabilities/none/connectors')).status).toBe(404)
})
