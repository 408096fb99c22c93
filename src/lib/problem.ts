// What is wrong with a field, in a form a schema can carry and a page can translate.

const MARK = 'problem:'

/** `key` of the texts, and what fills it in. */
export function problem(key: string, fill: Record<string, string | number> = {}): string {
  return MARK + JSON.stringify([key, fill])
}

/** What `problem` was given, or null for a text that is one already. */
export function readProblem(text: string): [string, Record<string, string | number>] | null {
  return text.startsWith(MARK)
    ? (JSON.parse(text.slice(MARK.length)) as [string, Record<string, string | number>])
    : null
}
