/** What the services that keep resources in a store have in common: lookups, errors, changes, pages, revisions. */

export * from './annotations.js';
export * from './api-errors.js';
export { batch } from './batch/batch.js';
export { batchGet } from './batch/batch-get.js';
export { deletion } from './batch/deletion.js';
export { type Operation, once } from './batch/operation.js';
export * from './etag.js';
export { type Exported, exportAll, exportDocument } from './export-document.js';
export * from './list/filter-parts.js';
export * from './list/list-page.js';
export * from './lookup.js';
export * from './min-revision.js';
export * from './mutations.js';
export * from './new-resource.js';
export * from './revisions.js';
export * from './update.js';
