// A file as it is sent: its text, or its bytes where it is no UTF-8 text.

export type Content = { content: string } | { content_base64: string }

export function toContent(bytes: Uint8Array): Content {
  try {
    return { content: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { content_base64: toBase64(bytes) }
  }
}

// In slices: a call takes only so many arguments.
const SLICE = 0x8000

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += SLICE) {
    text += String.fromCharCode(...bytes.subarray(at, at + SLICE))
  }
  return btoa(text)
}
