import { type Reason, textProblem } from '@strangler/chassis/values/violation.ts'

export const longest = { name: 80, email: 120, phone: 30, text: 500 } as const

const emailForm = /^[^\s@]+@[^\s@]+$/

export function nameProblem(name: string): Reason | undefined {
  if (name.trim() === '') return 'REQUIRED'
  return textProblem(name, longest.name)
}

export function emailProblem(email: string): Reason | undefined {
  return textProblem(email, longest.email) ?? (emailForm.test(email) ? undefined : 'INVALID')
}

export function phoneProblem(phone: string): Reason | undefined {
  return textProblem(phone, longest.phone)
}

export function noteTextProblem(text: string): Reason | undefined {
  return text.trim() === '' ? 'REQUIRED' : textProblem(text, longest.text)
}
