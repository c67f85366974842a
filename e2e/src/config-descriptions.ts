/** What each key of strangler.yaml means. `*` stands for a name, `[]` for an entry of a list. */
export const configDescriptions: Readonly<Record<string, string>> = {
  version: 'Of this format.',
}
