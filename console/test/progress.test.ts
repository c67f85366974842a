import { expect, test } from '@jest/globals'
import { createProgressView } from '../src/render/progress.ts'
import { textWidth } from '../src/render/text-width.ts'

function recorded(terminal: boolean, width = 60) {
  let written = ''
  let time = 0
  const write = (text: string) => {
    written += text
  }
  const view = createProgressView({ write, terminal, width }, () => time)
  return { view, written: () => written, pass: (ms: number) => (time += ms) }
}

test('without a terminal a step is one line, with another every two seconds and one at its end', () => {
  const { view, written, pass } = recorded(false)
  const copy = (done: number) => view.show({ step: 'copy', message: 'rows', done, total: 1000 })
  for (let done = 0; done < 1000; done += 10) {
    copy(done)
    pass(50)
  }
  copy(1000)
  view.show({ step: 'verify', message: 'customers' })
  view.end()
  expect(written().split('\n').slice(0, -1)).toEqual([
    'copy  0 %  0 of 1,000  rows',
    'copy  40 %  400 of 1,000  rows',
    'copy  80 %  800 of 1,000  rows',
    'copy  100 %  1,000 of 1,000  rows',
    'verify  customers',
  ])
})

test('on a terminal one line moves and fits, and the next step begins on a line of its own', () => {
  const { view, written, pass } = recorded(true)
  view.show({ step: 'copy', message: '가나다라마바사아자차카타파하'.repeat(4), done: 5, total: 10 })
  pass(100)
  view.show({ step: 'sync', message: 'running' })
  view.end()
  const drawn = written()
    .replaceAll('\r\u001b[K', '\n')
    .split('\n')
    .filter(line => line !== '')
  expect(drawn).toHaveLength(2)
  expect(drawn[0]).toContain('[████████████░░░░░░░░░░░░]  50 %')
  for (const line of drawn) expect(textWidth(line)).toBeLessThan(60)
  expect(written().endsWith('\n')).toBe(true)
})

test('escape sequences in a progress message do not reach the terminal', () => {
  const { view, written } = recorded(false)
  view.show({ step: 'copy\u001b[2J', message: 'x\u0007' })
  expect(written()).toBe('copy\\u001b[2J  x\\u0007\n')
})
