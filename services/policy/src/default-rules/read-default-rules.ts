import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import type { Reading } from '@portcullis/store';
import { defaultRules } from '../documents.js';

/** The default rules of a project as callers see them: none, where nothing was said. */
export async function readDefaultRules(reading: Reading, name: string): Promise<policyV1.DefaultRules> {
  return (await defaultRules.get(reading, name)) ?? create(policyV1.DefaultRulesSchema, { name });
}
