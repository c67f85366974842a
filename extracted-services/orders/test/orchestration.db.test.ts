import { testOrderOutcomes } from './order-outcomes.ts'

testOrderOutcomes('orchestration')
