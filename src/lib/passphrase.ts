// How hard a passphrase is to guess, roughly: signs of each kind it has, by its length.

export type Strength = 'weak' | 'fair' | 'strong'

const KINDS: readonly [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[^a-zA-Z0-9]/, 33],
]

export function strengthOf(passphrase: string): Strength {
  const signs = KINDS.reduce((sum, [kind, n]) => sum + (kind.test(passphrase) ? n : 0), 0)
  // What is repeated adds nothing: `aaaaaaaaaaaa` is one sign.
  const different = new Set(passphrase).size
  const bits = Math.min(passphrase.length, different * 2) * Math.log2(Math.max(signs, 1))
  if (bits < 50) return 'weak'
  return bits < 80 ? 'fair' : 'strong'
}
