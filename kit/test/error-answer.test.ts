import { expect, test } from '@jest/globals'
import { errorAnswer } from '../src/error-answer.ts'
import { invalidInput } from '../src/problem.ts'
import { ToolkitError } from '../src/toolkit-error.ts'

const statuses = { INPUT_INVALID: 400, PLACE_TAKEN: 409 }
const answer = (error: unknown) => errorAnswer(error, statuses, 'the clerk')

test('tells a foreseen error with its status, what to do next, and every problem', () => {
  expect(
    answer(new ToolkitError('PLACE_TAKEN', 'taken', { hint: 'take another', details: { by: 'ann' } })),
  ).toEqual({
    status: 409,
    unforeseen: false,
    body: { code: 'PLACE_TAKEN', message: 'taken', hint: 'take another', details: { by: 'ann' } },
  })
  const problems = [{ path: 'a', message: 'missing' }]
  expect(answer(invalidInput('INPUT_INVALID', 'request', problems))).toMatchObject({
    status: 400,
    body: { problems, details: {} },
  })
  expect(answer(new ToolkitError('DISK_FULL', 'no room'))).toMatchObject({ status: 500, unforeseen: false })
})

test('a parser that says what it means is believed, and an error that nobody foresaw says nothing', () => {
  expect(answer(Object.assign(new Error('too large'), { status: 413 }))).toEqual({
    status: 413,
    unforeseen: false,
    body: { code: 'REQUEST_INVALID', message: 'too large' },
  })
  for (const error of [
    new Error('password=x'),
    Object.assign(new Error('password=x'), { status: 502 }),
    'password=x',
  ])
    expect(answer(error)).toEqual({
      status: 500,
      unforeseen: true,
      body: { code: 'INTERNAL', message: 'the clerk failed; its log says how' },
    })
})
