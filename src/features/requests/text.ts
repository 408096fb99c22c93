const en = {
  title: 'Requests',
  intro: 'What was asked and how it went. Contents are never kept.',
}
const zh: typeof en = {
  title: '请求',
  intro: '请求及其结果。不保存任何内容。',
}
export const requests = { en, zh }
