// Rules that hold the shape of `src/`: lib and ui know nothing of the program, api knows no React
// component, parts are what several features share, a feature knows no other feature, and only app
// joins them.
import js from '@eslint/js'
import a11y from 'eslint-plugin-jsx-a11y'
import hooks from 'eslint-plugin-react-hooks'
import ts from 'typescript-eslint'

const FEATURES = [
  'accounts',
  'clientKeys',
  'dashboard',
  'maintenance',
  'playground',
  'requests',
  'settings',
  'setup',
]

/** What files of one folder must not import. */
const barred = (files, patterns) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: patterns.map(([group, message]) => ({ group, message })) },
    ],
  },
})

export default ts.config(
  { ignores: ['plugin/dist', 'target', 'src/api/types.gen.ts'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks, 'jsx-a11y': a11y },
    rules: {
      ...a11y.flatConfigs.recommended.rules,
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-unused-vars': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // A scrolling region has to be reachable by keyboard.
      'jsx-a11y/no-noninteractive-tabindex': ['error', { roles: ['region', 'tabpanel', 'table'] }],
      // The first field of a dialog a person opened is where they want to be.
      'jsx-a11y/no-autofocus': 'off',
    },
  },
  {
    // Texts in two languages are long and read by search.
    files: ['src/**/*.spec.{ts,tsx}', 'src/testing/**', 'src/**/text.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['tests/ui/**/*.mjs', '*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'setTimeout', 'clearTimeout', 'URL', 'fetch', 'window', 'document', 'getComputedStyle', 'performance', 'Buffer', 'navigator', 'HTMLElement', 'requestAnimationFrame'].map((it) => [it, 'readonly']),
      ),
    },
  },
  barred(['src/lib/**'], [
    [['**/api/**', '**/parts/**', '**/features/**', '**/app/**', '**/ui/**', 'react'], 'lib is pure helpers'],
  ]),
  barred(['src/ui/**'], [
    [['**/api/**', '**/parts/**', '**/features/**', '**/app/**'], 'ui holds no data and makes no calls'],
  ]),
  barred(['src/api/**'], [
    [['**/ui/**', '**/parts/**', '**/features/**', '**/app/**'], 'api knows no component'],
  ]),
  barred(['src/parts/**'], [
    [['**/features/**', '**/app/**'], 'parts are below the features that share them'],
  ]),
  ...FEATURES.map((name) =>
    barred([`src/features/${name}/**`], [
      [['**/app/**', '!**/app/routes'], 'only app joins features'],
      [
        FEATURES.filter((it) => it !== name).map((it) => `**/${it}/**`),
        'a feature knows no other feature',
      ],
    ]),
  ),
)
