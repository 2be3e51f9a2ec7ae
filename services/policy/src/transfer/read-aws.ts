import { policyV1 } from '@portcullis/api';
import { z } from 'zod';
import { cidrText, listOf, optionalText, portNumber, readDocument } from './document.js';
import { cutDescription, groupFields } from './group-fields.js';
import { groupIds } from './group-ids.js';
import { closeEgress, distinct, Findings, type Imported, type ImportedGroup, type ImportedRule } from './imported.js';
import { anyAddress, type Matched, readMatch } from './source-match.js';

const { Direction, ImportEffect } = policyV1;

const permissionSchema = z.looseObject({
  IpProtocol: z.string(),
  FromPort: portNumber.nullish(),
  ToPort: portNumber.nullish(),
  IpRanges: listOf(z.looseObject({ CidrIp: cidrText(4), Description: optionalText })),
  Ipv6Ranges: listOf(z.looseObject({ CidrIpv6: cidrText(6), Description: optionalText })),
  PrefixListIds: listOf(z.looseObject({ PrefixListId: z.string() })),
  UserIdGroupPairs: listOf(z.looseObject({ GroupId: z.string(), Description: optionalText })),
});
type Permission = z.output<typeof permissionSchema>;

const schema = z.looseObject({
  SecurityGroups: z.array(
    z.looseObject({
      GroupId: z.string().min(1),
      GroupName: z.string(),
      Description: optionalText,
      Tags: listOf(z.looseObject({ Key: z.string(), Value: optionalText })),
      IpPermissions: listOf(permissionSchema),
      IpPermissionsEgress: listOf(permissionSchema),
    }),
  ),
});

/** Reads what `aws ec2 describe-security-groups` prints. */
export function readAws(text: string): Imported {
  const { SecurityGroups: sources } = readDocument(text, schema);
  const ids = groupIds(sources.map(({ GroupId: sourceId, GroupName: name }) => ({ sourceId, name })));
  const known = new Set(sources.map(({ GroupId }) => GroupId));
  const all: Findings[] = [];
  const groups = sources.map((source, i): ImportedGroup => {
    const path = `SecurityGroups[${i}]`;
    const findings = new Findings(source.GroupId);
    all.push(findings);
    const tags = source.Tags.map(({ Key: key, Value: value }, j) => ({ key, value, path: `${path}.Tags[${j}]` }));
    const told = { name: source.GroupName, description: source.Description, tags };
    const read = (permissions: readonly Permission[], direction: policyV1.Direction, key: string) =>
      permissions.flatMap((permission, j) =>
        rulesOf(permission, { direction, path: `${path}.${key}[${j}]`, known, findings }),
      );
    const rules = [
      ...read(source.IpPermissions, Direction.INGRESS, 'IpPermissions'),
      ...read(source.IpPermissionsEgress, Direction.EGRESS, 'IpPermissionsEgress'),
    ];
    return {
      path,
      sourceId: source.GroupId,
      id: ids[i] ?? '',
      ...groupFields(told, path, findings),
      rules: closeEgress(distinct(rules), `${path}.IpPermissionsEgress`, findings),
    };
  });
  return { groups, findings: all.flatMap(({ list }) => list) };
}

interface Place {
  readonly direction: policyV1.Direction;
  readonly path: string;
  /** Ids of the groups of the document. */
  readonly known: ReadonlySet<string>;
  readonly findings: Findings;
}

/** One rule for each peer of a permission. */
function rulesOf(permission: Permission, place: Place): ImportedRule[] {
  const { IpProtocol: protocol, FromPort: from, ToPort: to } = permission;
  const { path, findings } = place;
  const matched = readMatch({ protocol, from, to }, path, findings);
  if (matched === undefined) return [];
  for (const [i, { PrefixListId }] of permission.PrefixListIds.entries()) {
    const message = `what ${PrefixListId} holds is not in the document: the rule is left out`;
    findings.add(ImportEffect.NARROWER, `${path}.PrefixListIds[${i}]`, { reason: 'PREFIX_LIST_NOT_CARRIED', message });
  }
  return [
    ...permission.IpRanges.flatMap(({ CidrIp, Description }, i) =>
      cidrRule(matched, {
        ...place,
        path: `${path}.IpRanges[${i}]`,
        family: 4,
        cidr: CidrIp,
        description: Description,
      }),
    ),
    ...permission.Ipv6Ranges.flatMap(({ CidrIpv6, Description }, i) =>
      cidrRule(matched, {
        ...place,
        path: `${path}.Ipv6Ranges[${i}]`,
        family: 6,
        cidr: CidrIpv6,
        description: Description,
      }),
    ),
    ...permission.UserIdGroupPairs.flatMap(({ GroupId, Description }, i) =>
      groupRule(matched, {
        ...place,
        path: `${path}.UserIdGroupPairs[${i}]`,
        remote: GroupId,
        description: Description,
      }),
    ),
  ];
}

function cidrRule(
  { families, fields }: Matched,
  {
    direction,
    path,
    findings,
    family,
    cidr,
    description,
  }: Place & { readonly family: 4 | 6; readonly cidr: string; readonly description: string },
): ImportedRule[] {
  if (!families.includes(family)) {
    const message = `no such packet has an address of IPv${family}: the rule is left out`;
    findings.add(ImportEffect.SAME, path, { reason: 'MATCHES_NOTHING', message });
    return [];
  }
  return [{ path, fields: { ...fields, direction, cidr, description: cutDescription(description) } }];
}

function groupRule(
  { families, fields }: Matched,
  {
    direction,
    path,
    known,
    findings,
    remote,
    description,
  }: Place & { readonly remote: string; readonly description: string },
): ImportedRule[] {
  if (!known.has(remote)) {
    const message = `${remote} is not in the document: the rule is left out`;
    findings.add(ImportEffect.NARROWER, path, { reason: 'GROUP_NOT_IN_DOCUMENT', message });
    return [];
  }
  // ICMP of one family only: addresses of that family that are in the group.
  const [family] = families;
  const cidr = families.length === 1 && family !== undefined ? { cidr: anyAddress(family) } : {};
  return [{ path, remote, fields: { ...fields, direction, ...cidr, description: cutDescription(description) } }];
}
