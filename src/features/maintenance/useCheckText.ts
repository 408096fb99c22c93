// What the doctor says, in the reader's language where it is known; else as the program said it.
import { useTranslation } from 'react-i18next'

import { CHECKS_ZH } from './checksZh'

export function useCheckText() {
  const { t, i18n } = useTranslation('maintenance')
  return {
    /** What a check is about. */
    name: (name: string): string => {
      const key = `check_${name.replaceAll(' ', '_')}` as 'check_key'
      return i18n.exists(`maintenance:${key}`) ? t(key) : name
    },
    /** What was found, or what to do. */
    said: (message: string): { text: string; english: boolean } => {
      if (i18n.language !== 'zh') return { text: message, english: true }
      const known = CHECKS_ZH.find(([pattern]) => pattern.test(message))
      return known
        ? { text: message.replace(known[0], known[1]), english: false }
        : { text: message, english: true }
    },
  }
}
