// The program's words in the reader's language; a word that is not known is shown as it is.
import { useTranslation } from 'react-i18next'

export function useWords() {
  const { t, i18n } = useTranslation('parts')
  const say = (kind: 'skip' | 'class', word: string) => {
    const key = `${kind}_${word}` as 'skip_cooling'
    return i18n.exists(`parts:${key}`) ? t(key) : word
  }
  return {
    /** Why an account is passed over. */
    skip: (word: string) => say('skip', word),
    /** The class of a fault. */
    fault: (word: string) => say('class', word),
  }
}
