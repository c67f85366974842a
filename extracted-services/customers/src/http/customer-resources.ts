import { addResource, jsonBody } from '@strangler/chassis/http/create-http-app.ts'
import { type ProblemMapping, problem } from '@strangler/chassis/http/problem-details.ts'
import { traceOf } from '@strangler/chassis/http/request-log.ts'
import {
  type Answer,
  answerOnce,
  hashRequest,
  readIdempotencyKey,
} from '@strangler/chassis/idempotency/answer-once.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { formatTraceparent } from '@strangler/kit/trace-context.ts'
import type { Express, Request, RequestHandler } from 'express'
import {
  addNote,
  changeCustomer,
  createCustomer,
  customerNotFound,
  type Origin,
} from '../application/change-customers.ts'
import type { CustomersRepository, CustomersWriter } from '../application/customers-repository.ts'
import { type CustomerCommand, instantOf } from '../domain/customer.ts'
import type { ApiVersion } from './api-versions.ts'
import { check, listSchema, noteSchema, revisionSchema, statusSchema } from './request-schemas.ts'

type Write = (writer: CustomersWriter, by: Origin) => Promise<Answer>

/** How the errors of this capability are answered. */
export const customerProblems: ProblemMapping = {
  CUSTOMER_NOT_FOUND: error => ({
    ...problem('customer-not-found', 'Customer not found', 404, error.message),
    customerId: error.details.customerId,
  }),
}

/** The REST face of customers, as one version of the API has it. */
export function addCustomerResources(
  app: Express,
  customers: CustomersRepository,
  clock: Clock,
  { prefix, readOpening, readCreditLimit, represent }: ApiVersion,
): void {
  const writing = (parse: (request: Request) => Write): RequestHandler[] => [
    ...jsonBody,
    async (request, response) => {
      const rehearsal = request.get('strangler-rehearsal') === '1'
      // Only POST needs a key: the other verbs say where the customer is to end up, however often they are sent.
      const key = request.method === 'POST' ? readIdempotencyKey(request.get('idempotency-key')) : undefined
      const write = parse(request)
      // Nobody has told this service who calls: that is the gateway's business, and the trace leads there.
      const traceparent = formatTraceparent(traceOf(response))
      const by = { at: instantOf(clock.now()), actor: 'http', traceparent }
      const hash = hashRequest(request.method, request.path, request.body)
      const answer = await customers.write(
        writer => answerOnce(writer.idempotency, key, hash, () => write(writer, by)),
        { rehearsal },
      )
      if (rehearsal) response.set('strangler-rehearsal', 'done')
      response.status(answer.status).set(answer.headers).json(answer.body)
    },
  ]
  const changing = (parse: (body: unknown) => CustomerCommand) =>
    writing(request => {
      const id = customerIdIn(request)
      const command = parse(request.body)
      return async (writer, by) => ok(represent(await changeCustomer(writer, id, command, by)))
    })

  addResource(app, `${prefix}/customers`, {
    get: [
      async (request, response) => {
        const { name, after, limit = 50, status } = check(listSchema, request.query)
        const items = await customers.list({
          limit,
          ...(name === undefined ? {} : { namePrefix: name }),
          ...(after === undefined ? {} : { afterId: after }),
          ...(status === undefined ? {} : { status }),
        })
        response.json({ items: items.map(represent) })
      },
    ],
    post: writing(request => {
      const opening = readOpening(request.body)
      return async (writer, by) => {
        const customer = await createCustomer(writer, opening, by)
        const location = `${prefix}/customers/${customer.id}`
        return { status: 201, headers: { location }, body: represent(customer) }
      }
    }),
  })
  addResource(app, `${prefix}/customers/:id`, {
    get: [
      async (request, response) => {
        const id = customerIdIn(request)
        const customer = await customers.find(id)
        if (customer === undefined) throw customerNotFound(id)
        response.json(represent(customer))
      },
    ],
    patch: changing(body => ({ type: 'revise', ...check(revisionSchema, body) })),
  })
  addResource(app, `${prefix}/customers/:id/credit-limit`, {
    put: changing(body => ({ type: 'change-credit-limit', ...readCreditLimit(body) })),
  })
  addResource(app, `${prefix}/customers/:id/status`, {
    put: changing(body => ({ type: 'set-status', ...check(statusSchema, body) })),
  })
  addResource(app, `${prefix}/customers/:id/notes`, {
    get: [
      async (request, response) => {
        const id = customerIdIn(request)
        const items = await customers.listNotes(id)
        if (items === undefined) throw customerNotFound(id)
        response.json({ items })
      },
    ],
    post: writing(request => {
      const id = customerIdIn(request)
      const { text } = check(noteSchema, request.body)
      return async (writer, { at }) => ({
        status: 201,
        headers: {},
        body: await addNote(writer, id, text, at),
      })
    }),
  })
}

/** Ids are plain decimal numbers; anything else is an address at which nothing is. */
export function customerIdIn(request: Request): number {
  const id = String(request.params.id)
  if (/^(0|[1-9]\d{0,14})$/.test(id)) return Number(id)
  throw new ToolkitError('NOT_FOUND', `nothing is at ${request.path}`)
}

function ok(body: unknown): Answer {
  return { status: 200, headers: {}, body }
}
