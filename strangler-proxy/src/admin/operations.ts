import { type ZodObject, type ZodType, z } from 'zod'
import { registration, registrationPath } from '../discovery/registration.ts'
import * as answers from './admin-answers.ts'
import * as requests from './admin-requests.ts'

/** Who may call it; an operator always may. */
type Role = 'viewer' | 'registrant'

/** One call of the admin API, as its document tells of it. */
export type Operation = {
  method: 'get' | 'post' | 'put' | 'delete'
  /** As OpenAPI writes it. */
  path: string
  summary: string
  roles: readonly Role[]
  parameters?: ZodObject
  query?: ZodObject
  body?: ZodType
  /** Undefined where the answer has no body. */
  answer: ZodType | undefined
  status?: number
  /** Statuses of refusals besides 400, 401, 403 and 429. */
  refusals: readonly number[]
}

const capability = z.strictObject({ capability: z.string() })
const recording = z.strictObject({ id: z.string() })
const viewer: readonly Role[] = ['viewer']

export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/admin/status',
    summary: 'What is served, by whom, and how it goes',
    roles: viewer,
    answer: answers.statusAnswer,
    refusals: [],
  },
  {
    method: 'get',
    path: '/admin/openapi.json',
    summary: 'This document',
    roles: viewer,
    answer: z.looseObject({ openapi: z.literal('3.1.0') }),
    refusals: [],
  },
  {
    method: 'get',
    path: '/admin/generations',
    summary: 'Who changed what, when and why; the newest first',
    roles: viewer,
    query: requests.historyQuery,
    answer: answers.generationList,
    refusals: [],
  },
  {
    method: 'get',
    path: '/admin/generations/{number}',
    summary: 'One generation with its text',
    roles: viewer,
    parameters: requests.generationNumber,
    answer: answers.generationText,
    refusals: [404],
  },
  {
    method: 'post',
    path: '/admin/generations',
    summary: 'Edits the configuration in place; answers when the new generation is served',
    roles: [],
    body: requests.generationRequest,
    answer: answers.generationAnswer,
    refusals: [404, 409, 422],
  },
  {
    method: 'post',
    path: '/admin/generations/{number}/revert',
    summary: 'Makes the text of an earlier generation a new one; write owners stay',
    roles: [],
    parameters: requests.generationNumber,
    body: requests.revertRequest,
    answer: answers.generationAnswer,
    refusals: [404, 422],
  },
  {
    method: 'post',
    path: '/admin/reload',
    summary: 'Reads the file again',
    roles: [],
    answer: answers.generationAnswer,
    refusals: [422],
  },
  {
    method: 'post',
    path: '/admin/holds',
    summary: 'Parks new writes of a capability until the release, or the end of the lease',
    roles: [],
    body: requests.holdRequest,
    answer: answers.holdBegun,
    refusals: [404, 409, 503],
  },
  {
    method: 'get',
    path: '/admin/holds/{capability}',
    summary: 'Waits until no write is in flight any more, or for drainedWithinMs',
    roles: viewer,
    parameters: capability,
    query: requests.drainQuery,
    answer: answers.holdDrain,
    refusals: [404],
  },
  {
    method: 'put',
    path: '/admin/holds/{capability}',
    summary: 'Renews the lease',
    roles: [],
    parameters: capability,
    body: requests.renewRequest,
    answer: answers.holdRenewed,
    refusals: [404, 409],
  },
  {
    method: 'delete',
    path: '/admin/holds/{capability}',
    summary: 'Lets parked writes go, in their order, to the owner of the current generation',
    roles: [],
    parameters: capability,
    query: requests.releaseQuery,
    answer: answers.holdReport,
    refusals: [404, 409],
  },
  {
    method: 'get',
    path: '/admin/comparisons/{capability}',
    summary: 'How the answers of both sides compare',
    roles: viewer,
    parameters: capability,
    answer: answers.comparisonReport,
    refusals: [404],
  },
  {
    method: 'delete',
    path: '/admin/comparisons/{capability}',
    summary: 'Begins the comparison anew',
    roles: [],
    parameters: capability,
    answer: answers.comparisonReport,
    refusals: [404],
  },
  {
    method: 'get',
    path: '/admin/recordings',
    summary: 'Recordings of requests, with their figures',
    roles: viewer,
    answer: answers.recordingList,
    refusals: [],
  },
  {
    method: 'post',
    path: '/admin/recordings',
    summary: 'Begins to record requests',
    roles: [],
    body: requests.recordingRequest,
    answer: answers.recordingAnswer,
    status: 201,
    refusals: [404, 409],
  },
  {
    method: 'delete',
    path: '/admin/recordings/{id}',
    summary: 'Stops a recording; answers when everything is on disk',
    roles: [],
    parameters: recording,
    answer: answers.recordingAnswer,
    refusals: [404],
  },
  {
    method: 'get',
    path: '/admin/services',
    summary: 'Services that have living instances',
    roles: ['viewer', 'registrant'],
    answer: answers.serviceList,
    refusals: [],
  },
  {
    method: 'get',
    path: '/admin/services/{service}/instances',
    summary: 'Where the living instances of a service are',
    roles: ['viewer', 'registrant'],
    parameters: registrationPath.pick({ service: true }),
    answer: answers.instanceList,
    refusals: [],
  },
  {
    method: 'put',
    path: '/admin/services/{service}/instances/{id}',
    summary: 'Registers an instance for ttlMs; repeated, it is the heartbeat',
    roles: ['registrant'],
    parameters: registrationPath,
    body: registration,
    answer: answers.registered,
    refusals: [],
  },
  {
    method: 'delete',
    path: '/admin/services/{service}/instances/{id}',
    summary: 'Forgets an instance',
    roles: ['registrant'],
    parameters: registrationPath,
    answer: undefined,
    status: 204,
    refusals: [],
  },
  {
    method: 'get',
    path: '/admin/audit',
    summary: 'Who asked for what; with verify=true also whether the record is whole',
    roles: viewer,
    query: requests.auditQuery,
    answer: answers.auditAnswer,
    refusals: [],
  },
]
