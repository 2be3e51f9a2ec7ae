import { policyV1 } from '@portcullis/api';
import type { Findings } from './imported.js';

const { ImportEffect } = policyV1;

/** In characters: what a name, a description and a label may be. */
const maxNameLength = 256;
const maxDescriptionLength = 1024;
const maxLabels = 63;
const keyPattern = /^[a-z][a-z0-9_.-]{0,62}$/;
const valuePattern = /^[A-Za-z0-9_.-]{0,63}$/;

/** The label that says what a group was where it comes from. */
const sourceLabel = 'import-source';

/** What a source says of a group for people. */
export interface Told {
  readonly name: string;
  readonly description: string;
  readonly tags?: readonly { readonly key: string; readonly value: string; readonly path: string }[];
}

/** The same here, and the source id as a label. */
export function groupFields({ name, description, tags = [] }: Told, path: string, findings: Findings) {
  const labels: Record<string, string> = { [sourceLabel]: sourceValue(findings.sourceId) };
  for (const tag of tags) {
    const fits = keyPattern.test(tag.key) && valuePattern.test(tag.value) && Object.keys(labels).length <= maxLabels;
    if (fits && !Object.hasOwn(labels, tag.key)) labels[tag.key] = tag.value;
    else {
      const message = `${JSON.stringify(tag.key)}: ${JSON.stringify(tag.value)} cannot be a label: it is left out`;
      findings.add(ImportEffect.SAME, tag.path, { reason: 'TAG_NOT_CARRIED', message });
    }
  }
  if ([...description].length > maxDescriptionLength) {
    const message = `the description is longer than ${maxDescriptionLength} characters: it is cut`;
    findings.add(ImportEffect.SAME, path, { reason: 'DESCRIPTION_CUT', message });
  }
  return { displayName: cut(name, maxNameLength), description: cutDescription(description), labels };
}

export function cutDescription(text: string): string {
  return cut(text, maxDescriptionLength);
}

function cut(text: string, length: number): string {
  return [...text].slice(0, length).join('');
}

function sourceValue(sourceId: string): string {
  return sourceId.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, 63);
}
