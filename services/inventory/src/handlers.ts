import type { ServiceImpl } from '@connectrpc/connect';
import type { inventoryV1 } from '@portcullis/api';

/** The handlers of the service, by the name of the method. */
export type Handlers = ServiceImpl<typeof inventoryV1.InventoryService>;
