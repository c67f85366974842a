/** Colour tells the side, the dash tells writes (or the slowest of 100) from reads (or the half). */
export const requestSeries = [
  { name: 'legacy reads', side: 'legacy', value: point => point.legacy.read },
  { name: 'legacy writes', side: 'legacy', dashed: true, value: point => point.legacy.write },
  { name: 'extracted reads', side: 'extracted', value: point => point.extracted.read },
  { name: 'extracted writes', side: 'extracted', dashed: true, value: point => point.extracted.write },
]

export const latencySeries = [
  { name: 'legacy half', side: 'legacy', value: point => point.legacy.p50 },
  { name: 'legacy 99 of 100', side: 'legacy', dashed: true, value: point => point.legacy.p99 },
  { name: 'extracted half', side: 'extracted', value: point => point.extracted.p50 },
  { name: 'extracted 99 of 100', side: 'extracted', dashed: true, value: point => point.extracted.p99 },
]

export const failureSeries = [
  { name: 'legacy', side: 'legacy', value: point => point.legacy.failed },
  { name: 'extracted', side: 'extracted', value: point => point.extracted.failed },
]

export const lagSeries = [
  { name: 'lag', side: 'plain', value: point => point.lagMs },
  { name: 'parked writes', side: 'held', dashed: true, value: point => point.parked },
]
