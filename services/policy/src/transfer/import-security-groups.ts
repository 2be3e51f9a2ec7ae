import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { refuse, refuseMissing } from '@portcullis/resource';
import { failedPrecondition } from '@portcullis/rpc';
import { checkCount, checkEnum, checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { networkNames, projectNames } from '../names.js';
import { planImport, writeImport } from './import-plan.js';
import type { Finding, Imported } from './imported.js';
import { readAws } from './read-aws.js';
import { readOpenstack } from './read-openstack.js';
import { readPortcullis } from './read-portcullis.js';
import { readZstack } from './read-zstack.js';

const { ImportEffect, ImportFormat } = policyV1;

const maxDocumentBytes = 3 << 20;
const maxNetworks = 500;

/** Findings in an answer, and characters of those in an error: messages and trailers have an end. */
const maxFindings = 5000;
const maxRefusedLength = 2500;

export function importSecurityGroups(dependencies: Dependencies): Handlers['importSecurityGroups'] {
  const { commit, inventory, housekeeping, now } = dependencies;
  return async (request, { signal }) => {
    const { parent: project, networks, allowWider } = request;
    checkRequest(request);
    const imported = readers[request.format]?.(request.document, { project, now: now() }) ?? {
      groups: [],
      findings: [],
    };
    if (!allowWider) refuseWider(imported.findings);
    const plan = planImport(imported, { project, networks, now: now() }, dependencies);
    const attached = [...new Set(plan.groups.flatMap(({ group }) => group.networks))];
    const found = await inventory.findNetworks(attached, { signal });
    refuseMissing(attached.map((name) => ({ name, found: found.get(name) })));
    const answer = await commit(request, async (tx) => {
      await writeImport(tx, plan, dependencies);
      return {
        securityGroups: plan.groups.map(({ sourceId, group, rules }) =>
          create(policyV1.ImportedSecurityGroupSchema, { sourceId, name: group.name, ruleCount: rules.length }),
        ),
        findings: told(imported.findings).map((finding) => create(policyV1.ImportFindingSchema, finding)),
      };
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ networks: attached });
    return answer;
  };
}

type Reader = (document: string, into: { project: string; now: Date }) => Imported;

const readers: Record<policyV1.ImportFormat, Reader | undefined> = {
  [ImportFormat.UNSPECIFIED]: undefined,
  [ImportFormat.PORTCULLIS]: readPortcullis,
  [ImportFormat.AWS]: readAws,
  [ImportFormat.OPENSTACK]: readOpenstack,
  [ImportFormat.ZSTACK]: readZstack,
};

function checkRequest({ parent, format, document, networks }: policyV1.ImportSecurityGroupsRequest): void {
  const violations = new Violations();
  checkName(violations, 'parent', parent, projectNames);
  checkEnum(violations, 'format', format, { desc: policyV1.ImportFormatSchema, required: true });
  if (document === '') violations.add('document', 'FIELD_REQUIRED', 'is required: JSON');
  const byteCount = Buffer.byteLength(document);
  if (byteCount > maxDocumentBytes) {
    violations.add('document', 'DOCUMENT_TOO_LARGE', `has ${byteCount} bytes; the most is ${maxDocumentBytes}`);
  }
  checkCount(violations, 'networks', networks.length, { max: maxNetworks });
  for (const [i, network] of networks.slice(0, maxNetworks).entries())
    checkName(violations, `networks[${i}]`, network, networkNames);
  refuse(violations);
}

function refuseWider(findings: readonly Finding[]): void {
  const wider = findings.filter(({ effect }) => effect === ImportEffect.WIDER);
  if (wider.length === 0) return;
  let length = 0;
  const listed = wider.flatMap(({ path, sourceId, message }) => {
    const obstacle = { subject: path, description: `${sourceId}: ${message}` };
    length += obstacle.subject.length + obstacle.description.length;
    return length <= maxRefusedLength ? [obstacle] : [];
  });
  const message = `${wider.length} findings would allow more here than where they come from; allow_wider imports them`;
  throw failedPrecondition('IMPORT_WIDER', message, listed);
}

function told(findings: readonly Finding[]): Finding[] {
  if (findings.length <= maxFindings) return [...findings];
  const message = `${findings.length - maxFindings} more are not told: import fewer groups at once to see them`;
  const more = { path: '', sourceId: '', effect: ImportEffect.SAME, reason: 'MORE_FINDINGS', message };
  return [...findings.slice(0, maxFindings), more];
}
