// The program's words in the reader's language; a word that is not known is shown as it is.
import { useTranslation } from 'react-i18next'

type Kind = 'skip' | 'class' | 'strategy' | 'endpoint' | 'dialect'

export function useWords() {
  const { t, i18n } = useTranslation('parts')
  const say = (kind: Kind, word: string) => {
    const key = `${kind}_${word}` as 'skip_cooling'
    return i18n.exists(`parts:${key}`) ? t(key) : word
  }
  return {
    /** Why an account is passed over. */
    skip: (word: string) => say('skip', word),
    /** The class of a fault. */
    fault: (word: string) => say('class', word),
    /** How accounts or keys are ordered. */
    strategy: (word: string) => say('strategy', word),
    /** Where Factory takes a request. */
    endpoint: (word: string) => say('endpoint', word),
    /** What a client speaks. */
    dialect: (word: string) => say('dialect', word),
  }
}
