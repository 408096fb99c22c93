// What a person pasted into a box for many keys, line by line.

/** One line, and whether it can be sent. */
export type PastedKey =
  | { state: 'ok'; line: number; key: string }
  | { state: 'duplicate'; line: number; key: string; of: number }
  | { state: 'malformed'; line: number; key: string; why: 'space' | 'short' | 'long' | 'control' }

const SHORTEST = 8
const LONGEST = 4096

/** Lines with something on them, in order. `,` and `;` also part keys. */
export function readKeys(text: string): PastedKey[] {
  const seen = new Map<string, number>()
  const found: PastedKey[] = []
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = index + 1
    for (const piece of raw.split(/[,;]/)) {
      const key = piece.trim()
      if (key === '') continue
      const why = whyMalformed(key)
      const of = seen.get(key)
      if (why) found.push({ state: 'malformed', line, key, why })
      else if (of !== undefined) found.push({ state: 'duplicate', line, key, of })
      else {
        seen.set(key, line)
        found.push({ state: 'ok', line, key })
      }
    }
  })
  return found
}

/** A key as it may be shown: its last four signs. */
export function tailOf(key: string): string {
  return key.length > SHORTEST ? `…${key.slice(-4)}` : '…'
}

function whyMalformed(key: string): 'space' | 'short' | 'long' | 'control' | null {
  if (/\s/.test(key)) return 'space'
  if (/[^\x21-\x7e]/.test(key)) return 'control'
  if (key.length < SHORTEST) return 'short'
  if (key.length > LONGEST) return 'long'
  return null
}
