import type { RequestHandler } from 'express'
import { type Customer, currency, type Opening } from '../domain/customer.ts'
import {
  check,
  creditLimitSchema,
  creditLimitV2Schema,
  openingSchema,
  openingV2Schema,
} from './request-schemas.ts'

/** A major version of the API: where it is, and in what its requests and answers differ from the domain. */
export type ApiVersion = {
  /** What its paths begin with. */
  prefix: string
  /** @throws ToolkitError VALIDATION_FAILED */
  readOpening(body: unknown): Opening
  /** @throws ToolkitError VALIDATION_FAILED */
  readCreditLimit(body: unknown): { creditLimit: string }
  represent(customer: Customer): object
}

/** Amounts are text, and nothing says in which currency. */
const first = {
  readOpening: (body: unknown): Opening => check(openingSchema, body),
  readCreditLimit: (body: unknown) => check(creditLimitSchema, body),
  represent: (customer: Customer): object => customer,
}
const second = {
  readOpening: (body: unknown): Opening => {
    const { creditLimit, ...opening } = check(openingV2Schema, body)
    return { ...opening, creditLimit: creditLimit.amount }
  },
  readCreditLimit: (body: unknown) => ({ creditLimit: check(creditLimitV2Schema, body).creditLimit.amount }),
  represent: ({ creditLimit, ...customer }: Customer): object => ({
    ...customer,
    creditLimit: { amount: creditLimit, currency },
  }),
}

/** Version 1 is where it was before there was another one, too. */
export const apiVersions: readonly ApiVersion[] = [
  { prefix: '', ...first },
  { prefix: '/v1', ...first },
  { prefix: '/v2', ...second },
]

/** Since when version 1 is deprecated, and from when on it may be gone. */
const deprecatedAt = Date.UTC(2026, 9, 1)
const sunsetAt = Date.UTC(2027, 9, 1)
const ofFirst = /^(?:\/v1)?(\/customers(?:\/\d+(?:\/(?:credit-limit|status|notes))?)?)$/

/**
 * Tells callers of version 1 that it ends, and where the next one is: Deprecation (RFC 9745), Sunset (RFC 8594), and a
 * link. Refusals say it too: who only ever gets those has to move as well.
 */
export const announceSunset: RequestHandler = (request, response, next) => {
  const resource = ofFirst.exec(request.path)?.[1]
  if (resource !== undefined)
    response.set({
      deprecation: `@${deprecatedAt / 1_000}`,
      sunset: new Date(sunsetAt).toUTCString(),
      link: `</v2${resource}>; rel="successor-version"`,
    })
  next()
}
