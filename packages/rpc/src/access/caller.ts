/** What a caller may do in a project, from little to much; each includes the ones before it. */
export const grants = ['read', 'write', 'provision'] as const;
export type Grant = (typeof grants)[number];

/** Somebody who is known. Whatever is not said here is not allowed. */
export interface Caller {
  /** For the log. */
  readonly name: string;
  /** `admin` may do everything, `system` may read everything. */
  readonly role: 'admin' | 'system' | undefined;
  /** By name: `projects/p`. */
  readonly projects: ReadonlyMap<string, Grant>;
  /** The hosts it enforces: `hosts/h1`. */
  readonly hosts: ReadonlySet<string>;
}
