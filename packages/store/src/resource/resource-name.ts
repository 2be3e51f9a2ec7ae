/** Last part of a name: 1-63 of a-z, 0-9 and '-', beginning with a letter. Such ids end up in comments of iptables rules. */
export const resourceIdPattern = /^[a-z][a-z0-9-]{0,62}$/;

/** The names of one collection. */
export interface ResourceName<Part extends string> {
  /** For people, for example `projects/{project}/networks/{network}`. */
  readonly template: string;
  /** The ids of a name, or undefined when it is not a name of the collection. */
  parse(name: string): Record<Part, string> | undefined;
  /** `ids` are valid ids. */
  format(ids: Readonly<Record<Part, string>>): string;
}

type PartOf<Template extends string> = Template extends `${string}{${infer Part}}${infer Rest}`
  ? Part | PartOf<Rest>
  : never;

/** Names of a collection from their template: `resourceName('projects/{project}/networks/{network}')`. */
export function resourceName<const Template extends string>(template: Template): ResourceName<PartOf<Template>> {
  const segments = template.split('/').map((text) => {
    const part = /^\{(.+)\}$/.exec(text)?.[1];
    return { text, part };
  });
  return {
    template,
    parse: (name) => {
      const texts = name.split('/');
      if (texts.length !== segments.length) return undefined;
      const ids: Record<string, string> = {};
      for (const [i, { text, part }] of segments.entries()) {
        const actual = texts[i] ?? '';
        if (part === undefined ? actual !== text : !resourceIdPattern.test(actual)) return undefined;
        if (part !== undefined) ids[part] = actual;
      }
      return ids as Record<PartOf<Template>, string>;
    },
    format: (ids) =>
      segments.map(({ text, part }) => (part === undefined ? text : ids[part as PartOf<Template>])).join('/'),
  };
}
