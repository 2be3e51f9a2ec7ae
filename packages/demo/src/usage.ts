import { groupName } from './scheduler.js';
import { project } from './world.js';

/** What to paste next, once everything is up. */
export function usageLines(address: string): string[] {
  const target = address.replace(/^http:\/\//, '');
  const rule = {
    parent: groupName('shop'),
    securityGroupRule: { direction: 'DIRECTION_INGRESS', protocol: 'PROTOCOL_TCP', startPort: 22, endPort: 22 },
  };
  const another = { ...rule, securityGroupRule: { ...rule.securityGroupRule, startPort: 23, endPort: 23 } };
  const wrong = { ...rule, securityGroupRule: { ...rule.securityGroupRule, endPort: 70000 } };
  const call = (service: string, method: string) => `portcullis.${service}.v1.${title(service)}Service/${method}`;
  return [
    '',
    `up: ${address}  gRPC (reflection, health), Connect JSON, gRPC-Web, /healthz and /metrics on one port; Ctrl-C ends it`,
    '',
    'what is there',
    `  grpcurl -plaintext ${target} list`,
    `  grpcurl -plaintext ${target} describe portcullis.policy.v1.SecurityGroupRule`,
    `  npx buf curl --protocol grpc --http2-prior-knowledge --list-methods ${address}`,
    '',
    'watch what each host does to its kernel; leave it running',
    `  grpcurl -plaintext -d '{}' ${target} ${call('dispatch', 'WatchStatus')}`,
    `  npx buf curl --protocol grpc --http2-prior-knowledge -d '{}' ${address}/${call('dispatch', 'WatchStatus')}`,
    '',
    'add a rule meanwhile, then see that it is enforced',
    `  grpcurl -plaintext -d '${JSON.stringify(rule)}' ${target} ${call('policy', 'CreateSecurityGroupRule')}`,
    `  curl -s -H 'Content-Type: application/json' -d '${JSON.stringify(another)}' ${address}/${call('policy', 'CreateSecurityGroupRule')}`,
    `  grpcurl -plaintext -d '{}' ${target} ${call('dispatch', 'WaitForEnforcement')}`,
    '',
    'a wrong call names the field',
    `  grpcurl -plaintext -d '${JSON.stringify(wrong)}' ${target} ${call('policy', 'CreateSecurityGroupRule')}`,
    '',
    'groups, NICs, hosts',
    `  curl -s -H 'Content-Type: application/json' -d '{"parent":"${project}"}' ${address}/${call('policy', 'ListSecurityGroups')}`,
    `  curl -s -H 'Content-Type: application/json' -d '{"parent":"${project}"}' ${address}/${call('inventory', 'ListNics')}`,
    `  curl -s -H 'Content-Type: application/json' -d '{}' ${address}/${call('dispatch', 'ListHostStatuses')}`,
    '',
  ];
}

function title(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
