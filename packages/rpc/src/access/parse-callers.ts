import { z } from 'zod';
import { grants } from './caller.js';
import { Callers } from './callers.js';

const id = '[a-z][a-z0-9-]{0,62}';
const projectName = z.string().regex(new RegExp(`^projects/${id}$`), 'must be projects/ and an id');
const hostName = z.string().regex(new RegExp(`^hosts/${id}$`), 'must be hosts/ and an id');
const tokenHash = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256, 64 digits of 0-9 a-f');
const certificateName = z.string().regex(/^(CN|DNS|URI):[^"]+$/, 'must begin with CN:, DNS: or URI:');

const callerSchema = z
  .strictObject({
    name: z.string().regex(/^[\w.@/-]{1,64}$/, 'must be 1-64 of A-Z a-z 0-9 _ . @ / -'),
    tokens: z.array(tokenHash).default([]),
    certificates: z.array(certificateName).default([]),
    role: z.enum(['admin', 'system'], 'must be admin or system').optional(),
    projects: z.record(projectName, z.enum(grants, `must be ${grants.join(', ')}`)).default({}),
    hosts: z.array(hostName).default([]),
  })
  .refine(({ tokens, certificates }) => tokens.length + certificates.length > 0, 'needs tokens or certificates');

const fileSchema = z.strictObject({ callers: z.array(callerSchema) }).superRefine(({ callers }, context) => {
  const taken = new Set<string>();
  for (const [i, { name, tokens, certificates }] of callers.entries()) {
    const claims = [
      { path: ['callers', i, 'name'], claim: `the name ${name}` },
      ...tokens.map((hash, j) => ({ path: ['callers', i, 'tokens', j], claim: `the token ${hash}` })),
      ...certificates.map((each, j) => ({ path: ['callers', i, 'certificates', j], claim: `the certificate ${each}` })),
    ];
    for (const { path, claim } of claims) {
      if (taken.has(claim)) context.addIssue({ code: 'custom', path, message: 'is given twice' });
      taken.add(claim);
    }
  }
});

/** Reads a callers file: see docs/security.md. Throws an Error that names everything that is wrong. */
export function parseCallers(text: string): Callers {
  const result = fileSchema.safeParse(parseJson(text));
  if (!result.success) {
    throw new Error(result.error.issues.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; '));
  }
  return new Callers(
    result.data.callers.map(({ name, role, projects, hosts, ...credentials }) => ({
      caller: { name, role, projects: new Map(Object.entries(projects)), hosts: new Set(hosts) },
      credentials,
    })),
  );
}

/** Without the piece of text that the error of JSON.parse quotes: it may be what somebody keeps secret. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'the file';
}
