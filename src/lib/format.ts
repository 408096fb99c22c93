// How numbers and times are written, by locale.

/** `1234567` as `1.2M`, exact below ten thousand. */
export function count(value: number, locale: string): string {
  const compact = Math.abs(value) >= 10_000
  return new Intl.NumberFormat(locale, {
    notation: compact ? 'compact' : 'standard',
    maximumFractionDigits: compact ? 1 : 2,
  }).format(value)
}

/** Every digit, grouped. */
export function exact(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value)
}

/** A share of one as a percentage; `–` of nothing. */
export function percent(part: number, whole: number, locale: string): string {
  if (whole === 0) return '–'
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(
    part / whole,
  )
}

/** US dollars; small sums keep their digits. */
export function dollars(value: number, locale: string): string {
  const digits = value !== 0 && Math.abs(value) < 1 ? 4 : 2
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(value)
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

/** `1.2 MB`; a thousand bytes are a kilobyte. */
export function bytes(value: number, locale: string): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), SIZES.length - 1)
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: SIZES[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  }).format(value / 1000 ** step)
}

/** Milliseconds as `840 ms` or `1.2 s`; a number and its unit stay on one line. */
export function millis(value: number, locale: string): string {
  if (value < 1000) return `${exact(Math.round(value), locale)}\u00a0ms`
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value / 1000)}\u00a0s`
}

/** A moment in the reader's own zone. */
export function moment(iso: string | null | undefined, locale: string): string {
  const at = iso ? new Date(iso) : null
  if (!at || Number.isNaN(at.getTime())) return '–'
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(at)
}

/** The time of day to the second. */
export function clockTime(iso: string, locale: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return '–'
  return new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(at)
}

/** The day of a moment, short. */
export function dayOf(iso: string, locale: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return '–'
  return new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' }).format(at)
}

/** Whether a moment is of the reader's present day. */
export function isToday(iso: string, now: Date = new Date()): boolean {
  return new Date(iso).toDateString() === now.toDateString()
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]

/** How far `iso` is from `now`, in the largest unit that fits: `in 5 minutes`. */
export function relative(iso: string | null | undefined, now: number, locale: string): string {
  const at = iso ? Date.parse(iso) : Number.NaN
  if (Number.isNaN(at)) return '–'
  const distance = at - now
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) >= size) return words.format(Math.trunc(distance / size), unit)
  }
  return words.format(0, 'second')
}

/** Time left until `until` as `4:05`; `0:00` once it is over. */
export function countdown(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = String(seconds % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** What `<input type="datetime-local">` takes, in the reader's zone. */
export function toLocalInput(iso: string | null | undefined): string {
  const at = iso ? new Date(iso) : null
  if (!at || Number.isNaN(at.getTime())) return ''
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 16)
}

/** The moment such an input names, or null. */
export function fromLocalInput(text: string): string | null {
  if (text === '') return null
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
